"""Domain models for the tests: users in groups, and circuits between ports of nodes."""

from enum import StrEnum
from types import SimpleNamespace
from typing import Annotated, Any

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


class MeshBlock(ProductBlockModel, product_block_name="MeshBlock"):
    weight: Any = None
    peer: "MeshBlock | None" = None
    pairs: Annotated[list[PortBlock], Len(min_length=2)] | None = None


class Mesh(SubscriptionModel, is_base=True):
    mesh: MeshBlock
    first: PortBlock | LagBlock | None = None
    parts: list[PortBlock | LagBlock] = []


def product(name: str, model: type[SubscriptionModel], **fixed_inputs: object) -> Product:
    """Put a product with the blocks of ``model`` into the database, and register the model."""
    row = Product.objects.create(name=name, description=f"A {name}", product_type=name, tag="T")
    FixedInput.objects.bulk_create(
        FixedInput(product=row, name=key, value=str(value)) for key, value in fixed_inputs.items()
    )
    for kind in _blocks(model):
        block, _ = ProductBlock.objects.get_or_create(name=kind.shape__.name)
        if kind in _direct(model):
            row.product_blocks.add(block)
    SUBSCRIPTION_MODEL_REGISTRY[name] = model
    return row


def _blocks(model) -> list[type[ProductBlockModel]]:
    found = _direct(model)
    for kind in found:
        found += [part for part in _direct(kind) if part not in found]
    return found


def _direct(model) -> list[type[ProductBlockModel]]:
    return [kind for field in model.shape__.blocks.values() for kind in field.types]


def products() -> SimpleNamespace:
    """Put the products of all models here into the database."""
    return SimpleNamespace(
        user=product("User", User, affiliation="internal"),
        group=product("Group", Group),
        circuit=product("Circuit", Circuit, speed=1000),
        mesh=product("Mesh", Mesh),
    )


def group(rows: SimpleNamespace, name: str = "Staff") -> Group:
    """Store an active group."""
    made = GroupInactive.from_product_id(rows.group.pk, "SURF", insync=True)
    made.description = f"Group {name}"
    made.group.group_name, made.group.group_id = name, 7
    made = Group.from_other_lifecycle(made, ACTIVE)
    made.save()
    return made


def user(rows: SimpleNamespace, of: Group | None = None, name: str = "anna", **values: Any) -> User:
    """Store an active user."""
    made = UserInactive.from_product_id(rows.user.pk, "SURF", insync=True, **values)
    made.description = f"User {name}"
    made.user.username, made.user.age = name, 30
    made.user.group = (of or group(rows)).group
    made = User.from_other_lifecycle(made, ACTIVE)
    made.save()
    return made


def circuit(rows: SimpleNamespace, **values: Any) -> Circuit:
    """Store an active circuit."""
    made = Circuit.from_product_id(rows.circuit.pk, "SURF", ACTIVE, insync=True, **values)
    made.save()
    return made


def mesh(rows: SimpleNamespace) -> Mesh:
    """Store an active mesh."""
    made = Mesh.from_product_id(rows.mesh.pk, "SURF", ACTIVE, insync=True)
    made.save()
    return made
