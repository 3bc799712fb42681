"""Make models out of what is stored, and variants out of each other."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext as _

from workflows_app.domain import saving
from workflows_app.domain.blocks import ProductBlockModel
from workflows_app.domain.fields import BlockField
from workflows_app.domain.graph import Graph
from workflows_app.domain.products import ProductModel
from workflows_app.domain.variants import DomainModel, as_variant
from workflows_app.errors import DefinitionError
from workflows_app.json_values import JSONObject
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import Subscription
from workflows_app.secret_values import opened

if TYPE_CHECKING:
    from workflows_app.domain.subscriptions import SubscriptionModel

SUBSCRIPTION_MODEL_REGISTRY: dict[str, type["SubscriptionModel"]] = {}  # By the product's name.


class Build:
    """Makes the model of one subscription of a graph."""

    def __init__(self, found: Graph, row: Subscription) -> None:
        self.graph = found
        self.row = row
        self.made: dict[tuple[UUID, type], ProductBlockModel] = {}
        self.path: list[UUID] = []

    def subscription(self) -> "SubscriptionModel":
        """Return the model, with what is stored in mind."""
        row = self.row
        registered = SUBSCRIPTION_MODEL_REGISTRY.get(row.product.name)
        if registered is None:
            text = _("SUBSCRIPTION_MODEL_REGISTRY has no model for the product '%(product)s'")
            raise DefinitionError(text % {"product": row.product.name})
        cls = as_variant(registered, SubscriptionLifecycle(row.status))
        fixed = self.graph.fixed_inputs.get(row.product_id, {})
        model = cls(
            product=ProductModel.of(row.product),
            customer_id=row.customer_id,
            subscription_id=row.pk,
            description=row.description,
            status=SubscriptionLifecycle(row.status),
            insync=row.insync,
            start_date=row.start_date,
            end_date=row.end_date,
            note=row.note or None,
            version=row.version,
            metadata=row.metadata,
            **{name: value for name, value in fixed.items() if name in cls.shape__.values},
            **self._blocks(cls, row.pk),
        )
        stored = {pk: instance.values for pk, instance in self.graph.instances.items()}
        model._stored, model._read_version = saving.snapshot(model, stored), row.version
        return model

    def _blocks(self, cls: type[DomainModel], start: UUID) -> dict[str, Any]:
        return {
            field.name: value
            for field in cls.shape__.blocks.values()
            if (value := self._under(field, start)) is not None
        }

    def _under(self, field: BlockField, start: UUID) -> Any:
        blocks = [
            self._block(kind, instance)
            for instance in self.graph.targets(start, field.name)
            if (kind := field.type_for(instance.product_block.name))
        ]
        if field.many:
            return blocks or (None if field.optional and field.minimum else [])
        return blocks[0] if blocks else None

    def _block(self, cls: type[ProductBlockModel], instance: Any) -> ProductBlockModel:
        """Return the instance as ``cls``; the same object wherever the graph leads to it again."""
        key = (instance.pk, cls)
        if key not in self.made:
            saving.refuse_circle(instance.pk, self.path)
            self.path.append(instance.pk)
            values = {n: opened(v) for n, v in instance.values.items() if n in cls.shape__.values}
            self.made[key] = cls(
                subscription_instance_id=instance.pk,
                owner_subscription_id=instance.subscription_id,
                label=instance.label or None,
                **values,
                **self._blocks(cls, instance.pk),
            )
            self.path.pop()
        return self.made[key]


class Converted:
    """The blocks of a subscription as the classes of another variant, each made once."""

    def __init__(self, other: "SubscriptionModel") -> None:
        self.stored = other._stored.instances if other._stored else {}  # noqa: SLF001 - made for it.
        self.made: dict[tuple[UUID, type], ProductBlockModel] = {}

    def block(self, block: ProductBlockModel, field: BlockField) -> ProductBlockModel:
        """Return ``block`` as the class that ``field`` admits for it."""
        cls = field.type_for(block.shape__.name)
        if cls is None or type(block) is cls:
            return block
        key = (block.subscription_instance_id, cls)
        if key not in self.made:
            kept = self._kept(block, cls)
            self.made[key] = cls(**kept, **values_for(block, cls, self))
        return self.made[key]

    def _kept(self, block: ProductBlockModel, cls: type[ProductBlockModel]) -> JSONObject:
        """Return the stored values that ``cls`` has fields for, and the class of ``block`` not."""
        stored = self.stored.get(block.subscription_instance_id)
        names = set(cls.shape__.values) - type(block).model_fields.keys()
        return {n: v for n, v in stored.values.items() if n in names} if stored else {}


def values_for(model: DomainModel, cls: type[DomainModel], converted: Converted) -> dict[str, Any]:
    """Return the values of ``model`` for a new object of ``cls``."""
    values: dict[str, Any] = {}
    for name in cls.model_fields.keys() & type(model).model_fields.keys():
        value, field = getattr(model, name), cls.shape__.blocks.get(name)
        if field and isinstance(value, list):
            value = [converted.block(block, field) for block in value]
        elif field and value is not None:
            value = converted.block(value, field)
        values[name] = value
    return values
