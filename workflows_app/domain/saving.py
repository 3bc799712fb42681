"""Write a subscription: only what changed, and only over the version that was read.

Note [Two phases]
~~~~~~~~~~~~~~~~~
What a step returns becomes part of the state as JSON and of the database as rows, in the step's
checkpoint, together. So a save is first planned, without the database: the plan says what will
change, and raises the version in the model, which the JSON then shows. ``execute`` writes it.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from uuid import UUID

from django.db import transaction
from django.db.models import F, RestrictedError
from pydantic_core import PydanticSerializationError

from workflows_app.errors import (
    BlockInUse,
    DomainError,
    DuplicateBlock,
    NotJSON,
    StaleDataError,
    UnknownProductBlock,
)
from workflows_app.json_values import JSONObject, changes, to_json
from workflows_app.models import (
    InstanceRelation,
    ProductBlock,
    Subscription,
    SubscriptionInstance,
)
from workflows_app.secret_values import secrets_in

if TYPE_CHECKING:
    from workflows_app.domain.blocks import ProductBlockModel
    from workflows_app.domain.subscriptions import SubscriptionModel
    from workflows_app.domain.variants import DomainModel

Place: TypeAlias = tuple[UUID | None, str, int]  # In use by (None: the subscription), where.


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """An instance as it is stored. Its values are compared as JSON: 1 is not true."""

    block: str
    label: str
    values: JSONObject

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Instance)
            and (self.block, self.label) == (other.block, other.label)
            and _same(self.values, other.values)
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A subscription as it is stored: what two of these differ in has to be written."""

    columns: Mapping[str, Any]
    instances: Mapping[UUID, Instance]
    edges: Mapping[Place, UUID]


@dataclass(frozen=True, slots=True)
class Plan:
    """What saving a subscription will write.

    Attributes:
        before: what is stored; None for a new subscription.
        version: of what is stored.
    """

    model: "SubscriptionModel"
    before: Snapshot | None
    after: Snapshot
    version: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed."""
        before, after = self.before, self.after
        return (
            before is not None
            and _same(before.columns, after.columns)
            and before.instances == after.instances
            and before.edges == after.edges
        )

    def execute(self) -> None:
        """Write what has changed, in one transaction. If that fails, it is still to be saved.

        Raises:
            StaleDataError: somebody else has changed the subscription meanwhile.
            BlockInUse: an instance is gone from the model that another subscription uses.
            UnknownProductBlock: the database does not know a block.
        """
        if self.is_empty:
            return
        with ExitStack() as otherwise:
            otherwise.callback(self.model.unplan_save, self)
            with transaction.atomic():
                self._write()
            otherwise.pop_all()  # It is written: nothing is to be undone.

    def _write(self) -> None:
        before = self.before or Snapshot({}, {}, {})
        self._write_subscription()
        owner = self.model.subscription_id
        gone = {place: end for place, end in before.edges.items() if self._end(place) != end}
        _delete_edges(owner, gone)
        _write_instances(owner, before.instances, self.after.instances)
        new = {*self.after.edges.values()} - {*before.edges.values(), *self.after.instances}
        _require_linked(new)
        InstanceRelation.objects.bulk_create(
            InstanceRelation(
                subscription_id=owner,
                in_use_by_id=in_use_by,
                attribute=attribute,
                order=order,
                depends_on_id=end,
            )
            for (in_use_by, attribute, order), end in self.after.edges.items()
            if before.edges.get((in_use_by, attribute, order)) != end
        )
        _delete_instances(before.instances.keys() - self.after.instances.keys())

    def _end(self, place: Place) -> UUID | None:
        return self.after.edges.get(place)

    def _write_subscription(self) -> None:
        pk, columns = self.model.subscription_id, self.after.columns
        if self.before is None:
            Subscription.objects.create(pk=pk, insync=self.model.insync, **columns)
            return
        # Only what changed: a note that was changed meanwhile, which raises no version, stays.
        changed = changes(self.before.columns, columns)
        read = Subscription.objects.filter(pk=pk, version=self.version)
        if not read.update(version=F("version") + 1, **changed):
            raise StaleDataError(pk, given=self.version)


def snapshot(model: "SubscriptionModel", stored: Mapping[UUID, JSONObject]) -> Snapshot:
    """Return what would be stored of ``model``.

    Args:
        stored: the values of instances as they are stored. Those that the model has no field for
            are kept: the field may be another variant's, or newer code's.

    Raises:
        DuplicateBlock: two different objects claim to be the same instance.
        DomainError: an instance is a part of itself.
        NotJSON: a value cannot be stored.
    """
    walk = _Walk(model.subscription_id)
    walk.visit(None, model)
    return Snapshot(
        columns={
            "product_id": model.product.product_id,
            "customer_id": model.customer_id,
            "description": model.description,
            "status": model.status,
            "start_date": model.start_date,
            "end_date": model.end_date,
            "note": model.note or "",
            "metadata": to_json(model.metadata, what="the metadata"),
        },
        instances={pk: _stored(block, stored.get(pk, {})) for pk, block in walk.own.items()},
        edges=walk.edges,
    )


def require_valid(model: "SubscriptionModel") -> None:
    """Validate again, as loading will: what is changed in place nobody has looked at.

    Raises:
        ValidationError: a value, or the length of a list, is not what a class demands.
    """
    walk = _Walk(model.subscription_id)
    walk.visit(None, model)
    for part in (model, *walk.own.values()):
        type(part)(**{name: getattr(part, name) for name in type(part).model_fields} | _plain(part))


@dataclass
class _Walk:
    """Collects the instances that a subscription owns, and its edges."""

    owner: UUID
    own: dict[UUID, "ProductBlockModel"] = field(default_factory=dict)
    edges: dict[Place, UUID] = field(default_factory=dict)
    path: list[UUID] = field(default_factory=list)

    def visit(self, start: UUID | None, model: Any) -> None:
        """Follow the block fields of a subscription or of an instance that it owns."""
        for name, order, block in _parts(model):
            self.edges[start, name, order] = block.subscription_instance_id
            self._enter(block)

    def _enter(self, block: "ProductBlockModel") -> None:
        pk = block.subscription_instance_id
        refuse_circle(pk, self.path)
        known = self.own.get(pk)
        if known is not None and known is not block:
            raise DuplicateBlock(pk)
        self.path.append(pk)
        if block.owner_subscription_id != self.owner:
            for _, _, part in _parts(block):
                self._look_through(part)
        elif known is None:
            self.own[pk] = block
            self.visit(pk, block)
        self.path.pop()

    def _look_through(self, block: "ProductBlockModel") -> None:
        """Look for circles in what is only linked: whoever owns it saves it."""
        refuse_circle(block.subscription_instance_id, self.path)
        self.path.append(block.subscription_instance_id)
        for _, _, part in _parts(block):
            self._look_through(part)
        self.path.pop()


def refuse_circle(pk: UUID, path: Collection[UUID]) -> None:
    """Raise DomainError if the instance is already on the path that leads to it."""
    if pk in path:
        raise DomainError(f"the block {pk} is a part of itself; blocks cannot go in a circle")


def _parts(model: Any) -> "Iterator[tuple[str, int, ProductBlockModel]]":
    """Yield the blocks in the fields of a subscription or a block, with their places."""
    for name, block_field in model.shape__.blocks.items():
        value = getattr(model, name)
        for order, block in enumerate(_present(value if block_field.many else [value])):
            yield name, order, block


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and not changes(one, other)


def _present(blocks: "Iterable[ProductBlockModel | None] | None") -> "Iterator[ProductBlockModel]":
    return (block for block in blocks or () if block is not None)


def _stored(block: "ProductBlockModel", stored: JSONObject) -> Instance:
    kept = {name: v for name, v in stored.items() if name not in type(block).model_fields}
    return Instance(block.shape__.name, block.label or "", kept | _plain(block))


def _plain(model: "DomainModel") -> JSONObject:
    """Return the author's values as they are stored."""
    what = f"a value of {type(model).__name__}"
    try:
        values = model.model_dump(mode="json", include=set(model.shape__.values), warnings=False)
    except PydanticSerializationError as error:
        raise NotJSON(f"{what} cannot be stored as JSON: {error}") from error
    return {
        # A set has no order, and the same one may be listed in two: that is no change.
        name: sorted(value, key=json.dumps) if _is_set(getattr(model, name)) else value
        for name, value in to_json(values | _secret(model), what=what).items()
    }


def _secret(model: "DomainModel") -> dict[str, Any]:
    """Return the values that hold secrets, which a JSON dump of the model masks."""
    values = {name: getattr(model, name) for name in model.shape__.values}
    return {name: value for name, value in values.items() if any(secrets_in(value))}


def _is_set(value: object) -> bool:
    return isinstance(value, set | frozenset)


def _delete_edges(owner: UUID, gone: Mapping[Place, UUID]) -> None:
    """Delete the edges at these places, in one statement."""
    if not gone:
        return
    rows = InstanceRelation.objects.filter(subscription=owner)
    places = rows.values_list("pk", "in_use_by_id", "attribute", "order")
    rows.filter(pk__in=[pk for pk, *place in places if tuple(place) in gone]).delete()


def _write_instances(
    owner: UUID, before: Mapping[UUID, Instance], after: Mapping[UUID, Instance]
) -> None:
    """Insert the new instances and update those whose values or label changed."""
    new = {pk: instance for pk, instance in after.items() if pk not in before}
    if new:
        blocks = _block_ids({instance.block for instance in new.values()})
        SubscriptionInstance.objects.bulk_create(
            SubscriptionInstance(
                pk=pk,
                subscription_id=owner,
                product_block_id=blocks[instance.block],
                label=instance.label,
                values=instance.values,
            )
            for pk, instance in new.items()
        )
    changed = [
        SubscriptionInstance(pk=pk, label=instance.label, values=instance.values)
        for pk, instance in after.items()
        if pk in before and before[pk] != instance
    ]
    if changed:
        SubscriptionInstance.objects.bulk_update(changed, ["label", "values"])


def _block_ids(names: set[str]) -> Mapping[str, int]:
    known = dict(ProductBlock.objects.filter(name__in=names).values_list("name", "pk"))
    if missing := names - known.keys():
        raise UnknownProductBlock(sorted(missing))
    return known


def _require_linked(linked: set[UUID]) -> None:
    """Raise DomainError unless the instances, others' own, are there; they stay until we commit."""
    if not linked:
        return
    rows = SubscriptionInstance.objects.select_for_update(no_key=True).filter(pk__in=linked)
    if missing := linked - set(rows.order_by("pk").values_list("pk", flat=True)):
        named = ", ".join(sorted(map(str, missing)))
        raise DomainError(f"the other subscription has no block any more that is linked: {named}")


def _delete_instances(gone: Collection[UUID]) -> None:
    if not gone:
        return
    rows = SubscriptionInstance.objects.filter(pk__in=gone)
    try:
        list(rows.select_for_update().order_by("pk").values_list("pk"))  # Who links one has ended.
        rows.delete()
    except RestrictedError as error:
        relations = cast("set[InstanceRelation]", error.restricted_objects)
        used = {relation.depends_on_id for relation in relations}
        raise BlockInUse(sorted(used)) from error
