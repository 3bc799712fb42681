"""Write a subscription: only what changed, and only over the version that was read.

Note [Two phases]
~~~~~~~~~~~~~~~~~
What a step returns becomes part of the state as JSON and of the database as rows, in the step's
checkpoint, together. So a save is first planned, without the database: the plan says what will
change, and raises the version in the model, which the JSON then shows. ``execute`` writes it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import F, RestrictedError

from workflows_app.errors import (
    BlockInUse,
    DuplicateBlock,
    StaleDataError,
    UnknownProductBlock,
)
from workflows_app.json_values import JSONObject, copy_json
from workflows_app.models import (
    InstanceRelation,
    ProductBlock,
    Subscription,
    SubscriptionInstance,
)

if TYPE_CHECKING:
    from workflows_app.domain.blocks import ProductBlockModel
    from workflows_app.domain.subscriptions import SubscriptionModel

Place: TypeAlias = tuple[UUID | None, str, int]  # In use by (None: the subscription), where.


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as it is stored."""

    block: str
    label: str
    values: JSONObject


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
        return self.before == self.after

    def execute(self) -> None:
        """Write what has changed, in one transaction.

        Raises:
            StaleDataError: somebody else has changed the subscription meanwhile.
            BlockInUse: an instance is gone from the model that another subscription uses.
            UnknownProductBlock: the database does not know a block.
        """
        if not self.is_empty:
            with transaction.atomic():
                self._write()

    def _write(self) -> None:
        before = self.before or Snapshot({}, {}, {})
        self._write_subscription()
        owner = self.model.subscription_id
        gone = {place: end for place, end in before.edges.items() if self._end(place) != end}
        _delete_edges(owner, gone)
        _write_instances(owner, before.instances, self.after.instances)
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

    def _was(self, column: str) -> Any:
        return self.before.columns[column] if self.before else None

    def _end(self, place: Place) -> UUID | None:
        return self.after.edges.get(place)

    def _write_subscription(self) -> None:
        pk, columns = self.model.subscription_id, self.after.columns
        if self.before is None:
            Subscription.objects.create(pk=pk, insync=self.model.insync, **columns)
            return
        # Only what changed: a note that was changed meanwhile, which raises no version, stays.
        changed = {name: value for name, value in columns.items() if self._was(name) != value}
        read = Subscription.objects.filter(pk=pk, version=self.version)
        if not read.update(version=F("version") + 1, **changed):
            raise StaleDataError(pk, given=self.version)


def snapshot(model: "SubscriptionModel") -> Snapshot:
    """Return what would be stored of ``model``.

    Raises:
        DuplicateBlock: two different objects claim to be the same instance.
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
            "metadata": copy_json(model.metadata),
        },
        instances={pk: _stored(block) for pk, block in walk.own.items()},
        edges=walk.edges,
    )


@dataclass
class _Walk:
    """Collects the instances that a subscription owns, and its edges."""

    owner: UUID
    own: dict[UUID, "ProductBlockModel"] = field(default_factory=dict)
    edges: dict[Place, UUID] = field(default_factory=dict)

    def visit(self, start: UUID | None, model: Any) -> None:
        """Follow the block fields of a subscription or of an instance that it owns."""
        for name, block_field in model.shape__.blocks.items():
            value = getattr(model, name)
            blocks = value if block_field.many else [value]
            for order, block in enumerate(_present(blocks)):
                self.edges[start, name, order] = block.subscription_instance_id
                self._enter(block)

    def _enter(self, block: "ProductBlockModel") -> None:
        if block.owner_subscription_id != self.owner:
            return  # Linked: whoever owns it saves it.
        pk = block.subscription_instance_id
        known = self.own.get(pk)
        if known is None:
            self.own[pk] = block
            self.visit(pk, block)
        elif known is not block:
            raise DuplicateBlock(pk)


def _present(blocks: "Iterable[ProductBlockModel | None] | None") -> "Iterator[ProductBlockModel]":
    return (block for block in blocks or () if block is not None)


def _stored(block: "ProductBlockModel") -> Instance:
    shape = block.shape__
    values = block.model_dump(mode="json", include=set(shape.values))
    return Instance(shape.name, block.label or "", values)


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


def _delete_instances(gone: Iterable[UUID]) -> None:
    pks = list(gone)
    if not pks:
        return
    try:
        SubscriptionInstance.objects.filter(pk__in=pks).delete()
    except RestrictedError as error:
        raise BlockInUse(pks) from error
