"""Domain models for the tests: users in groups, and circuits between ports of nodes."""

from enum import StrEnum
from typing import Annotated

from annotated_types import Len
from pydantic import computed_field

from workflows_app.domain import (
    SUBSCRIPTION_MODEL_REGISTRY,
    ProductBlockModel,
    SubscriptionLifecycle,
    SubscriptionModel,
)
from workflows_app.models import FixedInput, Product, ProductBlock

ACTIVE, PROVISIONING = SubscriptionLifecycle.ACTIVE, SubscriptionLifecycle.PROVISIONING


class Affiliation(StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"


class GroupBlockInactive(ProductBlockModel, product_block_name="GroupBlock"):
    group_name: str | None = None
    group_id: int | None = None


class GroupBlock(GroupBlockInactive, lifecycle=[PROVISIONING, ACTIVE]):
    group_name: str
    group_id: int


class GroupInactive(SubscriptionModel, is_base=True):
    group: GroupBlockInactive


class Group(GroupInactive, lifecycle=[PROVISIONING, ACTIVE]):
    group: GroupBlock


class UserBlockInactive(ProductBlockModel, product_block_name="UserBlock"):
    username: str | None = None
    age: int | None = None
    group: GroupBlockInactive | None = None


class UserBlockProvisioning(UserBlockInactive, lifecycle=[PROVISIONING]):
    username: str
    group: GroupBlock


class UserBlock(UserBlockProvisioning, lifecycle=[ACTIVE]):
    age: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def title(self) -> str:
        return f"{self.username} of {self.group.group_name}"


class UserInactive(SubscriptionModel, is_base=True):
    affiliation: Affiliation
    user: UserBlockInactive


class UserProvisioning(UserInactive, lifecycle=[PROVISIONING]):
    user: UserBlockProvisioning


class User(UserProvisioning, lifecycle=[ACTIVE]):
    user: UserBlock


class PortBlock(ProductBlockModel, product_block_name="PortBlock"):
    port_name: str = "ge-0/0/0"


class LagBlock(ProductBlockModel, product_block_name="LagBlock"):
    members: list[PortBlock] = []


class CircuitBlock(ProductBlockModel, product_block_name="CircuitBlock"):
    vlan: int | None = None
    tags: list[str] = []
    ends: Annotated[list[PortBlock], Len(min_length=2, max_length=4)]
    spare: PortBlock | LagBlock | None = None


class Circuit(SubscriptionModel, is_base=True):
    speed: int
    circuit: CircuitBlock


def product(name: str, model: type[SubscriptionModel], **fixed_inputs: object) -> Product:
    """Put a product with the blocks of ``model`` into the database, and register the model."""
    row = Product.objects.create(name=name, description=f"A {name}", product_type=name, tag="T")
    FixedInput.objects.bulk_create(
        FixedInput(product=row, name=key, value=str(value)) for key, value in fixed_inputs.items()
    )
    row.product_blocks.set(
        ProductBlock.objects.get_or_create(name=block)[0] for block in sorted(_blocks(model))
    )
    SUBSCRIPTION_MODEL_REGISTRY[name] = model
    return row


def _blocks(model) -> set[str]:
    found: set[str] = set()
    for field in model.shape__.blocks.values():
        for kind in field.types:
            found |= {kind.shape__.name} | _blocks(kind)
    return found
