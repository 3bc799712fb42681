"""The blocks of a subscription as a tree: of its domain model, else as they are stored.

A block of another subscription ends its branch: that subscription's page shows what is in it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import ValidationError

from workflows_app.authors import authors_code
from workflows_app.console.pages import sentence
from workflows_app.console.values import Change, changed
from workflows_app.domain import ProductBlockModel, graph
from workflows_app.domain.fields import BlockField
from workflows_app.domain.graph import Graph
from workflows_app.domain.subscriptions import load
from workflows_app.domain.variants import DomainModel
from workflows_app.errors import WorkflowError
from workflows_app.models import Subscription, SubscriptionInstance

MANY = 30  # Blocks; a larger tree is shown folded.


@dataclass(slots=True)
class Block:
    """One block in the tree."""

    attribute: str
    name: str
    label: str
    pk: UUID
    owner_id: UUID
    values: list[Change] = field(default_factory=list)
    blocks: list["Block"] = field(default_factory=list)
    again: bool = False  # It is in the tree already, further up.
    owner: Subscription | None = None  # If that is another subscription.


@dataclass
class Tree:
    """What a subscription consists of; and if that is not by its model, why not."""

    values: list[Change]
    blocks: list[Block]
    trouble: str = ""
    details: str = ""

    @property
    def folded(self) -> bool:
        """Whether it is too large to be shown at once."""
        return sum(1 for _ in _all(self.blocks)) > MANY


def tree(row: Subscription) -> Tree:
    """Return the subscription's tree. Whatever is wrong with its model, there is one."""
    found = _modelled_or_stored(row)
    foreign = [block for block in _all(found.blocks) if block.owner_id != row.pk]
    owners = Subscription.objects.in_bulk({block.owner_id for block in foreign}) if foreign else {}
    for block in foreign:
        block.owner = owners.get(block.owner_id)
    return found


def _modelled_or_stored(row: Subscription) -> Tree:
    try:
        with authors_code(_("the domain model of %(product)s") % {"product": row.product}):
            try:
                return _modelled(row)
            except ValidationError as error:
                return _stored(row, _("What is stored does not fit the domain model."), str(error))
    except WorkflowError as error:
        return _stored(row, sentence(error))


@dataclass
class _Walk:
    """Notices which blocks are of another subscription, or in the tree already."""

    row: Subscription
    seen: set[UUID] = field(default_factory=set)

    def enters(self, block: Block) -> bool:
        """Return whether what is in the block is to be shown here."""
        if block.owner_id != self.row.pk:
            return False
        block.again = block.pk in self.seen
        self.seen.add(block.pk)
        return not block.again


def _modelled(row: Subscription) -> Tree:
    model = load([row.pk])[row.pk]
    walk = _Walk(row)
    return Tree(changed({}, _values(model)), list(_of_model(walk, model)))


def _of_model(walk: _Walk, model: DomainModel) -> Iterator[Block]:
    for name, block_field in model.shape__.blocks.items():
        for attribute, part in _parts(name, block_field, getattr(model, name)):
            block = Block(
                attribute,
                part.name,
                part.label or "",
                part.subscription_instance_id,
                part.owner_subscription_id,
            )
            if walk.enters(block):
                block.values = changed({}, _values(part))
                block.blocks = list(_of_model(walk, part))
            yield block


def _parts(
    name: str, block_field: BlockField, value: Any
) -> Iterable[tuple[str, ProductBlockModel]]:
    if block_field.many:
        return [(f"{name} {at}", part) for at, part in enumerate(value or (), start=1)]
    return [] if value is None else [(name, value)]


def _values(model: DomainModel) -> dict[str, Any]:
    """Return the author's values, those that are computed too."""
    hidden = {*model.engine_fields__, *model.shape__.blocks}
    return model.model_dump(mode="json", exclude=hidden)


def _stored(row: Subscription, trouble: str, details: str = "") -> Tree:
    found, walk = graph.read([row.pk]), _Walk(row)
    blocks = list(_of_graph(walk, found, row.pk))
    rest = SubscriptionInstance.objects.filter(subscription=row).exclude(pk__in=found.instances)
    rest = rest.select_related("product_block").order_by("pk")
    blocks += [_instance(walk, found, "", instance) for instance in rest]
    fixed = found.fixed_inputs.get(row.product_id, {})
    return Tree(changed({}, dict(sorted(fixed.items()))), blocks, trouble, details)


def _of_graph(walk: _Walk, found: Graph, start: UUID) -> Iterator[Block]:
    edges = found.edges.get(start, ())
    attributes = [edge.attribute for edge in edges]
    for edge in edges:
        several = attributes.count(edge.attribute) > 1
        attribute = f"{edge.attribute} {edge.order + 1}" if several else edge.attribute
        yield _instance(walk, found, attribute, found.instances[edge.depends_on_id])


def _instance(walk: _Walk, found: Graph, attribute: str, row: SubscriptionInstance) -> Block:
    block = Block(attribute, row.product_block.name, row.label, row.pk, row.subscription_id)
    if walk.enters(block):
        block.values = changed({}, row.values)
        block.blocks = list(_of_graph(walk, found, row.pk))
    return block


def _all(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        yield from _all(block.blocks)
