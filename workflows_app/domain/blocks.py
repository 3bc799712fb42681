"""Product blocks: the parts of which subscriptions are made."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self
from uuid import UUID, uuid4

from django.db.models import QuerySet
from pydantic import Field

from workflows_app.domain.fields import BlockField
from workflows_app.domain.variants import DomainModel
from workflows_app.errors import DefinitionError
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import SubscriptionInstance


class ProductBlockModel(DomainModel):
    """An instance of a product block.

    The base of a block has a name, its variants have statuses:

    >>> class PortInactive(ProductBlockModel, product_block_name="Port"):
    ...     vlan: int | None = None
    >>> class Port(PortInactive, lifecycle=[SubscriptionLifecycle.ACTIVE]):
    ...     vlan: int
    """

    engine_fields__: ClassVar[frozenset[str]] = frozenset(
        {"name", "subscription_instance_id", "owner_subscription_id", "label"}
    )

    name: str = ""  # Of the product block.
    subscription_instance_id: UUID = Field(default_factory=uuid4)
    owner_subscription_id: UUID
    label: str | None = None

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        product_block_name: str = "",
        lifecycle: Sequence[SubscriptionLifecycle] | None = None,
        **options: Any,
    ) -> None:
        """Note which block the class describes, and in which statuses."""
        super().__pydantic_init_subclass__(**options)
        cls.describe__(
            is_base=bool(product_block_name), name=product_block_name, lifecycle=lifecycle
        )

    def __init_subclass__(
        cls,
        *,
        product_block_name: str = "",
        lifecycle: Sequence[SubscriptionLifecycle] | None = None,
        **options: Any,
    ) -> None:
        """Take the arguments that ``__pydantic_init_subclass__`` reads."""
        super().__init_subclass__(**options)

    def model_post_init(self, _context: Any, /) -> None:
        """Carry the block's name, also in what is stored of a state."""
        self.__dict__["name"] = type(self).shape__.name

    @classmethod
    def new(cls, subscription_id: UUID, **values: Any) -> Self:
        """Return a new instance for a subscription; the blocks that it must have are new, too.

        Raises:
            DefinitionError: it must have a block that can be of several kinds: pass it.
            ValidationError: a value does not fit, or is missing.
        """
        blocks = new_blocks(cls, subscription_id, given=values)
        return cls(owner_subscription_id=subscription_id, **blocks, **values)

    @property
    def in_use_by(self) -> QuerySet[SubscriptionInstance]:
        """The instances that have this one as a part, of whichever subscription."""
        return SubscriptionInstance.objects.filter(
            outgoing__depends_on=self.subscription_instance_id
        ).distinct()

    @property
    def depends_on(self) -> QuerySet[SubscriptionInstance]:
        """The instances that are parts of this one, of whichever subscription."""
        return SubscriptionInstance.objects.filter(
            incoming__in_use_by=self.subscription_instance_id
        ).distinct()


def new_blocks(
    cls: type[DomainModel], subscription_id: UUID, *, given: dict[str, Any]
) -> dict[str, Any]:
    """Return new instances for the block fields of ``cls`` that must have one."""
    return {
        name: _new_for(field, subscription_id)
        for name, field in cls.shape__.blocks.items()
        if name not in given and _must_be_made(cls, field)
    }


def _must_be_made(cls: type[DomainModel], field: BlockField) -> bool:
    return cls.model_fields[field.name].is_required() or (field.many and not field.optional)


def _new_for(field: BlockField, subscription_id: UUID) -> Any:
    if field.many:
        return [_only(field).new(subscription_id) for _ in range(field.minimum)]
    return None if field.optional else _only(field).new(subscription_id)


def _only(field: BlockField) -> type[ProductBlockModel]:
    if len(field.types) > 1:
        kinds = ", ".join(cls.__name__ for cls in field.types)
        raise DefinitionError(f"'{field.name}' can be one of {kinds}: pass the one it is")
    return field.types[0]
