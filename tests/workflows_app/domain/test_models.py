"""Domain models as classes: what authors may write, and what new objects hold."""

import subprocess
import sys
from typing import Annotated, Any, List, Optional, TypeVar, Union  # noqa: UP035 - as authors write.
from uuid import UUID, uuid4

import pytest
from annotated_types import Len
from pydantic import BaseModel, Field, ValidationError, conlist
from typing_extensions import TypeAliasType

from tests.workflows_app.domain import forward, models
from tests.workflows_app.domain.models import (
    ACTIVE,
    PROVISIONING,
    Affiliation,
    Circuit,
    CircuitBlock,
    GroupBlock,
    LagBlock,
    Mesh,
    PortBlock,
    User,
    UserBlock,
    UserBlockInactive,
    UserBlockProvisioning,
    UserInactive,
    UserProvisioning,
)
from workflows_app.domain import (
    SUBSCRIPTION_MODEL_REGISTRY,
    ProductBlockModel,
    ProductModel,
    SubscriptionLifecycle,
    SubscriptionModel,
)
from workflows_app.errors import DefinitionError, DomainError, UnknownProduct, WrongVariant
from workflows_app.json_values import to_json
from workflows_app.models import Product

INITIAL, DISABLED = SubscriptionLifecycle.INITIAL, SubscriptionLifecycle.DISABLED
T = TypeVar("T")
META: Any = type(ProductBlockModel)
Several = Annotated[list[T], Len(min_length=2)]
Named = TypeAliasType("Named", Annotated[list[PortBlock], Len(min_length=3)])


def block_of(annotation: Any, default: Any = ...):
    """Return how a field with that annotation is classified; None if it is a plain value."""
    fields = {"__annotations__": {"part": annotation}, "__module__": __name__}
    if default is not ...:
        fields["part"] = default
    made = META("Made", (ProductBlockModel,), fields, product_block_name="Made")
    return made.shape__.blocks.get("part")


# --- Definitions ---------------------------------------------------------------------------------


def test_a_variant_needs_a_base():
    with pytest.raises(DefinitionError, match="has a lifecycle but no base"):

        class Lost(SubscriptionModel, lifecycle=[ACTIVE]):
            pass


def test_a_block_s_variant_needs_a_name():
    with pytest.raises(DefinitionError, match="product_block_name"):

        class Lost(ProductBlockModel, lifecycle=[ACTIVE]):
            pass


def test_two_variants_for_one_status_are_refused():
    class Base(SubscriptionModel, is_base=True):
        pass

    class One(Base, lifecycle=[ACTIVE]):
        pass

    with pytest.raises(DefinitionError, match="Two and One are both the variant for 'active'"):

        class Two(Base, lifecycle=[PROVISIONING, ACTIVE]):
            pass


def test_an_unknown_status_is_refused():
    with pytest.raises(ValueError, match="'asleep' is not a valid"):

        class Base(SubscriptionModel, is_base=True, lifecycle=["asleep"]):
            pass


def test_a_module_that_is_loaded_again_replaces_its_classes():
    def define():
        class Base(ProductBlockModel, product_block_name="Reloaded"):
            pass

        class Again(Base, lifecycle=[ACTIVE]):
            pass

        return Base, Again

    base, first = define()
    again = META(
        "Again",
        (base,),
        {"__module__": first.__module__, "__qualname__": first.__qualname__},
        lifecycle=[ACTIVE],
    )

    assert base.shape__.variant(ACTIVE) is again


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (INITIAL, UserInactive),
        (PROVISIONING, UserProvisioning),
        (ACTIVE, User),
        (DISABLED, UserInactive),
    ],
)
def test_each_status_has_a_variant_and_otherwise_the_base(status, cls):
    assert User.shape__.variant(status) is UserInactive.shape__.variant(status) is cls


def test_a_class_knows_the_statuses_it_is_for():
    assert UserInactive.shape__.statuses == [INITIAL, "migrating", DISABLED, "terminated"]
    assert User.shape__.statuses == [ACTIVE]


def test_a_block_s_base_may_name_its_status_as_authors_do():
    class PortInactive(ProductBlockModel, lifecycle=[INITIAL], product_block_name="P"):
        vlan: int | None = None

    class PortActive(PortInactive, lifecycle=[ACTIVE]):
        vlan: int

    assert PortActive.shape__.name == "P"
    assert PortInactive.shape__.variant(INITIAL) is PortInactive
    assert PortInactive.shape__.variant(ACTIVE) is PortActive


def test_a_class_without_a_base_may_be_inherited_from():
    class Common(SubscriptionModel):
        port: PortBlock

    class Made(Common, is_base=True):
        speed: int

    assert list(Made.shape__.blocks) == ["port"]
    assert Made.shape__.values == ("speed",)
    with pytest.raises(DefinitionError, match="Common is no domain model of its own"):
        Common.shape__.variant(ACTIVE)


@pytest.mark.parametrize("name", ["name", "label", "owner_subscription_id"])
def test_a_field_may_not_take_the_place_of_the_engines(name):
    with pytest.raises(DefinitionError, match=f"has {name} already"):
        type(
            "Node",
            (ProductBlockModel,),
            {"__annotations__": {name: str}, "__module__": __name__},
            product_block_name="Node",
        )


def test_a_variant_must_demand_of_its_blocks_what_their_variant_demands():
    class Base(SubscriptionModel, is_base=True):
        user: UserBlockInactive

    with pytest.raises(DefinitionError, match="is for 'active', where 'user' must be a UserBlock;"):

        class Lax(Base, lifecycle=[ACTIVE]):
            pass


def test_the_same_holds_for_blocks_in_blocks_and_in_lists():
    class Base(ProductBlockModel, product_block_name="B"):
        groups: list[models.GroupBlockInactive] = []

    with pytest.raises(DefinitionError, match="a GroupBlockInactive is not complete enough"):

        class Lax(Base, lifecycle=[PROVISIONING]):
            pass


# --- Classification of fields --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "types", "many", "optional", "minimum"),
    [
        (PortBlock, ["PortBlock"], False, False, 0),
        (PortBlock | None, ["PortBlock"], False, True, 0),
        (Optional[PortBlock], ["PortBlock"], False, True, 0),  # noqa: UP045
        (PortBlock | LagBlock, ["PortBlock", "LagBlock"], False, False, 0),
        (Union[PortBlock, LagBlock, None], ["PortBlock", "LagBlock"], False, True, 0),  # noqa: UP007
        (Annotated[PortBlock | None, "a note"], ["PortBlock"], False, True, 0),
        (list[PortBlock], ["PortBlock"], True, False, 0),
        (List[PortBlock], ["PortBlock"], True, False, 0),  # noqa: UP006
        (list[PortBlock] | None, ["PortBlock"], True, True, 0),
        (list[PortBlock | LagBlock], ["PortBlock", "LagBlock"], True, False, 0),
        (list[Annotated[PortBlock, "a note"]], ["PortBlock"], True, False, 0),
        (Annotated[list[PortBlock], Len(2, 4)], ["PortBlock"], True, False, 2),
        (Annotated[list[PortBlock], Field(min_length=1)], ["PortBlock"], True, False, 1),
        (Annotated[list[PortBlock], Len(2)] | None, ["PortBlock"], True, True, 2),
        (conlist(PortBlock, min_length=3), ["PortBlock"], True, False, 3),
        (Several[PortBlock], ["PortBlock"], True, False, 2),
        (Named, ["PortBlock"], True, False, 3),
        (Named | None, ["PortBlock"], True, True, 3),
    ],
    ids=lambda value: None if isinstance(value, bool | int | list) else str(value)[-60:],
)
def test_fields_that_hold_blocks_are_recognised(annotation, types, many, optional, minimum):
    field = block_of(annotation)

    assert [cls.__name__ for cls in field.types] == types
    assert (field.many, field.optional, field.minimum) == (many, optional, minimum)


@pytest.mark.parametrize(
    "annotation", [int, str | None, list[str], dict[str, list[int]], Any, Affiliation, BaseModel]
)
def test_other_fields_are_values(annotation):
    assert block_of(annotation) is None


@pytest.mark.parametrize(
    "annotation",
    [
        PortBlock | int,
        list[PortBlock] | str,
        list[PortBlock | str],
        PortBlock | list[PortBlock],
        list[PortBlock | None],
    ],
    ids=str,
)
def test_a_field_that_mixes_blocks_and_other_values_is_refused(annotation):
    with pytest.raises(DefinitionError, match="'part' mixes product blocks with other values"):
        block_of(annotation)


@pytest.mark.parametrize(
    "annotation",
    [
        dict[str, PortBlock],
        tuple[PortBlock, ...],
        set[PortBlock],
        list[list[PortBlock]],
        dict[str, list[PortBlock]] | None,
    ],
    ids=str,
)
def test_blocks_in_anything_but_a_list_are_refused(annotation):
    with pytest.raises(DefinitionError, match="'part' holds product blocks in another way"):
        block_of(annotation)


def test_two_variants_of_one_block_in_a_field_are_refused():
    with pytest.raises(DefinitionError, match="admits two variants of one product block"):
        block_of(UserBlockInactive | UserBlock)


def test_a_block_without_a_name_is_refused():
    class Nameless(ProductBlockModel):
        pass

    with pytest.raises(DefinitionError, match="'part': Nameless has no product_block_name"):
        block_of(Nameless)
    with pytest.raises(DefinitionError, match="'part': User has no product_block_name"):
        block_of(User)


def test_annotations_may_be_strings_and_name_what_comes_later():
    blocks = forward.Tree.shape__.blocks

    assert [(b.name, [cls.__name__ for cls in b.types], b.many) for b in blocks.values()] == [
        ("root", ["NodeBlock"], False),
        ("others", ["NodeBlock", "LeafBlock"], True),
        ("spare", ["LeafBlock"], False),
    ]
    assert list(forward.NodeBlock.shape__.blocks) == ["leaf"]


# --- New objects ---------------------------------------------------------------------------------


def test_a_new_subscription_has_the_blocks_it_must_have(products):
    made = UserInactive.from_product_id(products.user.pk, "SURF")

    assert isinstance(made.user, UserBlockInactive)
    assert made.user.owner_subscription_id == made.subscription_id
    assert (made.user.username, made.user.group) == (None, None)
    assert (made.status, made.insync, made.version) == (INITIAL, False, 1)
    assert made.description == "Initial subscription of A User"
    assert made.product == ProductModel.of(products.user)


def test_a_list_of_blocks_begins_at_its_minimum(products):
    made = Circuit.from_product_id(str(products.circuit.pk), "SURF", description="My circuit")

    assert [end.port_name for end in made.circuit.ends] == ["ge-0/0/0"] * 2
    assert made.circuit.ends[0].subscription_instance_id != made.circuit.ends[1]
    assert (made.circuit.spare, made.description) == (None, "My circuit")


def test_an_optional_list_begins_with_its_default(products):
    made = Mesh.from_product_id(products.mesh.pk, "SURF")

    assert (made.mesh.pairs, made.parts) == (None, [])


def test_new_subscriptions_share_no_default(products):
    one, two = (Mesh.from_product_id(products.mesh.pk, "SURF") for _ in range(2))
    one.parts.append(PortBlock.new(one.subscription_id))

    assert two.parts == []


def test_blocks_and_values_may_be_given(products):
    identity = uuid4()
    block = CircuitBlock.new(identity, vlan=7, ends=[PortBlock.new(identity) for _ in range(3)])
    made = Circuit.from_product_id(
        products.circuit.pk, "SURF", subscription_id=identity, circuit=block, note="By hand"
    )

    assert made.subscription_id == identity
    assert made.circuit is block
    assert (made.circuit.vlan, len(made.circuit.ends), made.note) == (7, 3, "By hand")


def test_a_new_block_that_could_be_of_several_kinds_must_be_given():
    class Either(ProductBlockModel, product_block_name="Either"):
        port: PortBlock | LagBlock

    with pytest.raises(DefinitionError, match="'port' can be one of PortBlock, LagBlock: pass"):
        Either.new(uuid4())
    port = LagBlock.new(uuid4())

    assert Either.new(uuid4(), port=port).port is port


def test_fixed_inputs_are_converted(products):
    user = UserInactive.from_product_id(products.user.pk, "SURF")
    circuit = Circuit.from_product_id(products.circuit.pk, "SURF")

    assert user.affiliation is Affiliation.INTERNAL
    assert circuit.speed == 1000


def test_a_fixed_input_cannot_be_changed_on_a_subscription(products):
    made = models.circuit(products)

    with pytest.raises(DomainError, match="speed is a fixed input of the product Circuit"):
        made.speed = 10

    assert made.speed == 1000


def test_a_missing_or_unfitting_fixed_input_is_told(products):
    products.circuit.fixed_inputs.update(value="fast")
    with pytest.raises(ValidationError, match=r"speed\n.*valid integer"):
        Circuit.from_product_id(products.circuit.pk, "SURF")

    products.circuit.fixed_inputs.all().delete()
    with pytest.raises(ValidationError, match=r"speed\n.*Field required"):
        Circuit.from_product_id(products.circuit.pk, "SURF")


def test_a_fixed_input_that_the_model_does_not_know_is_left_out(products):
    products.mesh.fixed_inputs.create(name="colour", value="red")

    assert not hasattr(Mesh.from_product_id(products.mesh.pk, "SURF"), "colour")


@pytest.mark.parametrize("status", ["active", "pre production", "phase out"])
def test_a_product_that_is_not_at_its_end_can_be_ordered(products, status):
    Product.objects.update(status=status)

    assert Mesh.from_product_id(products.mesh.pk, "SURF").product.status == status


def test_a_product_at_its_end_or_none_at_all_cannot_be_ordered(products):
    Product.objects.update(status="end of life")

    for pk in (products.mesh.pk, uuid4()):
        with pytest.raises(UnknownProduct, match=f"no product {pk} that could be ordered"):
            Mesh.from_product_id(pk, "SURF")


def test_a_new_subscription_has_a_status_of_its_class(products):
    with pytest.raises(WrongVariant, match="that is active is a User, and this is a UserInactive"):
        UserInactive.from_product_id(products.user.pk, "SURF", ACTIVE)
    with pytest.raises(ValidationError, match="Field required"):
        User.from_product_id(products.user.pk, "SURF", ACTIVE)


def test_a_stricter_class_may_be_used_earlier(products):
    identity = uuid4()
    group = GroupBlock.new(identity, group_name="Staff", group_id=1)
    block = UserBlock.new(identity, username="anna", age=3, group=group)
    made = User.from_product_id(products.user.pk, "SURF", subscription_id=identity, user=block)

    assert made.status == INITIAL


def test_assignments_are_validated(products):
    made = models.user(products)

    for change in (
        lambda: setattr(made.user, "age", "old"),
        lambda: setattr(made.user, "username", None),
        lambda: setattr(made, "user", None),
        lambda: setattr(made, "colour", "red"),
    ):
        with pytest.raises(ValidationError):
            change()
    made.user.age = "31"  # type: ignore[assignment]

    assert made.user.age == 31


def test_what_a_state_shows_has_blocks_and_computed_fields(products):
    made = models.user(products)
    shown = to_json({"subscription": made})["subscription"]

    assert shown["user"] == {
        "name": "UserBlock",
        "subscription_instance_id": str(made.user.subscription_instance_id),
        "owner_subscription_id": str(made.subscription_id),
        "label": None,
        "username": "anna",
        "age": 30,
        "group": shown["user"]["group"],
        "title": "anna of Staff",
    }
    assert shown["product"]["product_id"] == str(products.user.pk)
    assert (shown["status"], shown["affiliation"], shown["version"]) == ("active", "internal", 1)
    assert UUID(shown["subscription_id"]) == made.subscription_id
    assert not any(name.startswith("_") for name in shown)


def test_the_registry_says_which_model_a_product_has(products):
    assert SUBSCRIPTION_MODEL_REGISTRY["User"] is User
    made = models.user(products)
    del SUBSCRIPTION_MODEL_REGISTRY["User"]

    with pytest.raises(DefinitionError, match="has no model for the product 'User'"):
        User.from_subscription(made.subscription_id)


def test_what_model_and_database_do_not_agree_on(products):
    assert User.diff_product_in_database(products.user.pk) == {}
    products.user.fixed_inputs.update(name="colour")
    products.user.product_blocks.set(products.group.product_blocks.all())

    assert User.diff_product_in_database(str(products.user.pk)) == {
        "missing_fixed_inputs_in_model": ["colour"],
        "missing_fixed_inputs_in_db": ["affiliation"],
        "missing_product_blocks_in_model": ["GroupBlock"],
        "missing_product_blocks_in_db": ["UserBlock"],
    }
    with pytest.raises(UnknownProduct):
        User.diff_product_in_database(uuid4())


def test_models_can_be_imported_without_a_database():
    code = "import django; django.setup(); import tests.workflows_app.domain.models"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert ended.returncode == 0, ended.stderr


def test_statuses_are_taken_as_strings(products):
    status: Any = "initial"
    made = UserInactive.from_product_id(products.user.pk, "SURF", status)

    assert made.status is INITIAL
    assert issubclass(UserBlockProvisioning, UserBlockInactive)
