"""Subscriptions are stored as they are, and only what changed is written."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from pydantic import ValidationError

from tests.races import Other
from tests.workflows_app.domain import models
from tests.workflows_app.domain.models import (
    ACTIVE,
    PROVISIONING,
    Circuit,
    Group,
    GroupBlock,
    LagBlock,
    Mesh,
    MeshBlock,
    PortBlock,
    User,
    UserBlock,
    UserInactive,
    UserProvisioning,
)
from tests.workflows_app.domain.statements import counted
from workflows_app.domain import (
    SUBSCRIPTION_MODEL_REGISTRY,
    ProductBlockModel,
    SubscriptionLifecycle,
    SubscriptionModel,
)
from workflows_app.domain.saving import Plan
from workflows_app.errors import (
    BlockInUse,
    DomainError,
    DuplicateBlock,
    NotJSON,
    StaleDataError,
    UnknownProductBlock,
    UnknownSubscription,
    WrongVariant,
)
from workflows_app.models import (
    InstanceRelation,
    ProductBlock,
    Subscription,
    SubscriptionInstance,
)

pytestmark = pytest.mark.django_db(transaction=True)


def again(model) -> Any:
    """Return what is stored of ``model``, in the class that the database leads to."""
    return SubscriptionModel.from_subscription(model.subscription_id)


def contents():
    """Return all that is stored of subscriptions."""
    return [
        list(rows.objects.order_by("pk").values())
        for rows in (Subscription, SubscriptionInstance, InstanceRelation)
    ]


def port(owner, name="ge-1/1/1") -> Any:
    return PortBlock.new(owner.subscription_id, port_name=name)


# --- Round trips ---------------------------------------------------------------------------------


def test_a_subscription_with_nested_and_linked_blocks_is_loaded_as_it_was(products):
    made = models.user(products)

    loaded = again(made)

    assert type(loaded) is User
    assert type(loaded.user) is UserBlock
    assert type(loaded.user.group) is GroupBlock
    assert loaded.model_dump() == made.model_dump()


def test_every_variant_is_loaded_as_it_was(products):
    made = UserInactive.from_product_id(products.user.pk, "SURF")
    made.save()
    assert (type(again(made)), again(made).model_dump()) == (UserInactive, made.model_dump())

    made.user.username, made.user.group = "anna", models.group(products).group
    made = UserProvisioning.from_other_lifecycle(made, PROVISIONING)
    made.save()

    assert (type(again(made)), again(made).model_dump()) == (UserProvisioning, made.model_dump())


def test_lists_keep_their_order_and_unions_their_kind(products):
    made = models.circuit(products)
    made.circuit.ends = [port(made, f"ge-{number}") for number in (3, 1, 2)]
    made.circuit.spare = LagBlock.new(
        made.subscription_id, members=[port(made, "ge-9"), port(made, "ge-8")]
    )
    made.circuit.tags.append("gold")
    made.save()

    loaded = again(made)

    assert [end.port_name for end in loaded.circuit.ends] == ["ge-3", "ge-1", "ge-2"]
    assert [member.port_name for member in loaded.circuit.spare.members] == ["ge-9", "ge-8"]
    assert loaded.model_dump() == made.model_dump()


@pytest.mark.parametrize("number", [0, 2], ids=["none", "two"])
def test_optional_constrained_lists_and_unions_at_the_top(products, number):
    made = models.mesh(products)
    made.first = LagBlock.new(made.subscription_id)
    made.parts = [port(made), LagBlock.new(made.subscription_id, label="a label"), port(made)]
    made.mesh.pairs = [port(made) for _ in range(number)] or None
    made.save()

    loaded = again(made)

    assert loaded.model_dump() == made.model_dump()
    assert [type(part).__name__ for part in loaded.parts] == ["PortBlock", "LagBlock", "PortBlock"]
    assert loaded.parts[1].label == "a label"


def test_what_the_subscription_itself_has_is_kept(products):
    made = models.mesh(products)
    made.note, made.metadata, made.description = "By hand", {"ticket": [1, {"ä": None}]}, "Ring"
    made.save()

    loaded = again(made)

    assert (loaded.note, loaded.metadata, loaded.description) == (
        "By hand",
        {"ticket": [1, {"ä": None}]},
        "Ring",
    )
    assert (loaded.customer_id, loaded.insync, loaded.start_date) == ("SURF", True, made.start_date)


def test_computed_fields_and_fixed_inputs_are_not_stored(products):
    made = models.user(products)

    row = SubscriptionInstance.objects.get(pk=made.user.subscription_instance_id)

    assert row.values == {"username": "anna", "age": 30}


def test_fixed_inputs_are_the_product_s_of_today(products):
    made = models.circuit(products)
    products.circuit.fixed_inputs.update(value="400")

    assert again(made).speed == 400


def test_a_block_in_two_places_is_one_object(products):
    made = models.circuit(products)
    made.circuit.spare = made.circuit.ends[0]
    made.save()

    loaded = again(made)

    assert loaded.circuit.spare is loaded.circuit.ends[0]
    loaded.circuit.spare.port_name = "both"
    loaded.save()
    assert [end.port_name for end in again(made).circuit.ends] == ["both", "ge-0/0/0"]


def test_loading_takes_at_most_four_statements(products):
    made = models.user(products)

    for pk, most in ((made.subscription_id, 4), (uuid4(), 2)):
        with counted() as statements:
            try:
                SubscriptionModel.from_subscription(pk)
            except UnknownSubscription:
                assert most == 2
        assert len(statements) <= most, statements


def test_a_class_only_loads_what_it_describes(products):
    made = models.user(products)

    assert isinstance(UserInactive.from_subscription(str(made.subscription_id)), User)
    with pytest.raises(WrongVariant, match="is active, a User; a Group is wanted"):
        Group.from_subscription(made.subscription_id)
    with pytest.raises(UnknownSubscription):
        User.from_subscription(uuid4())


# --- What is written -----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [models.user, models.circuit, models.mesh])
def test_an_unchanged_subscription_costs_no_statement(products, make):
    made = make(products)
    loaded = again(made)

    for model in (made, loaded):
        with counted() as statements:
            model.save()
        assert (statements, model.version) == ([], 1)


def test_an_active_subscription_without_a_start_date_is_left_alone(products):
    made = models.mesh(products)
    Subscription.objects.update(start_date=None)
    loaded = again(made)

    with counted() as statements:
        loaded.save()

    assert statements == []


def test_a_changed_value_writes_the_subscription_and_the_instance(products):
    made = models.circuit(products)
    made.circuit.vlan = 7

    with counted() as statements:
        made.save()

    assert [sql.split()[0] for sql in statements] == ["UPDATE", "UPDATE"]
    assert (again(made).circuit.vlan, again(made).version, made.version) == (7, 2, 2)


def test_what_was_not_changed_is_not_written_over(products):
    made = models.mesh(products)
    Subscription.objects.update(note="changed by hand, which raises no version")
    made.description = "changed"
    made.save()

    assert (again(made).note, again(made).description) == (
        "changed by hand, which raises no version",
        "changed",
    )


def test_insync_and_the_lock_are_not_the_model_s_to_write(products):
    made = models.mesh(products)
    Subscription.objects.update(insync=False)
    made.note = "changed"
    made.save()

    assert again(made).insync is False


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.metadata.update(ticket=True),
        lambda made: made.metadata["list"].append(1),
        lambda made: made.mesh.weight.update(a=True),
        lambda made: made.mesh.weight["b"].append(1),
        lambda made: setattr(made.mesh, "label", "new"),
        lambda made: setattr(made, "note", "new"),
        lambda made: made.parts.append(PortBlock.new(made.subscription_id)),
    ],
    ids=["metadata", "list in metadata", "value", "list in value", "label", "note", "list"],
)
def test_what_is_changed_in_place_is_noticed(products, change):
    made = models.mesh(products)
    made.metadata, made.mesh.weight = {"ticket": 1, "list": []}, {"a": 1, "b": []}
    made.save()
    loaded = again(made)

    change(loaded)
    loaded.save()

    assert repr(again(made).model_dump()) == repr(loaded.model_dump())
    assert loaded.version == 3


def test_true_is_not_one(products):
    made = models.mesh(products)
    made.mesh.weight, made.metadata = 1, {"n": 1}
    made.save()
    made.mesh.weight = True
    made.save()
    assert again(made).mesh.weight is True

    made.metadata = {"n": True}
    made.save()

    assert again(made).metadata["n"] is True


def test_what_a_class_does_not_allow_is_not_stored_however_it_got_there(products):
    made = models.circuit(products)
    before = contents()

    for change in (
        lambda model: model.circuit.ends.pop(),
        lambda model: model.circuit.tags.append(3),
        lambda model: model.circuit.ends.extend(port(model) for _ in range(3)),
    ):
        loaded = again(made)
        change(loaded)
        with pytest.raises(ValidationError):
            loaded.save()
        assert contents() == before


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\0", object()], ids=repr)
def test_what_is_not_json_is_refused_in_words(products, value):
    made = models.mesh(products)
    made.mesh.weight = value
    with pytest.raises(NotJSON) as refused:
        made.save()
    assert "a value of MeshBlock" in str(refused.value)

    loaded = again(made)
    loaded.metadata = {"value": value}
    with pytest.raises(NotJSON, match="the metadata"):
        loaded.save()


# --- Lists and places ----------------------------------------------------------------------------


def test_blocks_are_reordered_without_being_made_again(products):
    made = models.circuit(products)
    for number, end in enumerate(made.circuit.ends):
        end.port_name = f"ge-{number}"
    made.save()
    before = {row["id"] for row in contents()[1]}
    made.circuit.ends.reverse()
    made.save()

    assert [end.port_name for end in again(made).circuit.ends] == ["ge-1", "ge-0"]
    assert {row["id"] for row in contents()[1]} == before


def test_a_block_in_the_middle_is_removed(products):
    made = models.circuit(products)
    made.circuit.ends = [port(made, f"ge-{number}") for number in range(4)]
    made.save()
    gone = made.circuit.ends.pop(1)
    made.save()

    assert [end.port_name for end in again(made).circuit.ends] == ["ge-0", "ge-2", "ge-3"]
    assert not SubscriptionInstance.objects.filter(pk=gone.subscription_instance_id).exists()


def test_a_block_is_replaced_by_one_of_another_kind(products):
    made = models.circuit(products)
    made.circuit.spare = port(made)
    made.save()
    made.circuit.spare = LagBlock.new(made.subscription_id, members=[port(made)])
    made.save()
    assert type(again(made).circuit.spare) is LagBlock

    made.circuit.spare = None
    made.save()

    assert again(made).circuit.spare is None
    assert SubscriptionInstance.objects.count() == 3


def test_a_block_moves_to_another_place_and_another_parent(products):
    made = models.mesh(products)
    moved = port(made, "moved")
    made.first = LagBlock.new(made.subscription_id, members=[moved])
    made.save()
    pk = moved.subscription_instance_id

    loaded = again(made)
    loaded.parts = [loaded.first.members.pop()]
    loaded.save()
    loaded = again(made)
    assert (loaded.first.members, loaded.parts[0].subscription_instance_id) == ([], pk)

    loaded.first = loaded.parts.pop()
    loaded.save()

    assert (again(made).parts, again(made).first.port_name) == ([], "moved")


def test_two_blocks_change_places(products):
    made = models.mesh(products)
    made.first, made.parts = port(made, "one"), [port(made, "two")]
    made.save()
    made.first, made.parts = made.parts[0], [made.first]
    made.save()

    loaded = again(made)
    assert (loaded.first.port_name, loaded.parts[0].port_name) == ("two", "one")


def test_a_parent_goes_and_its_part_stays(products):
    made = models.mesh(products)
    made.mesh.peer = MeshBlock.new(made.subscription_id, weight=1)
    made.mesh.peer.peer = MeshBlock.new(made.subscription_id, weight=2)
    made.save()
    made.mesh.peer = made.mesh.peer.peer
    made.save()

    loaded = again(made)
    assert (loaded.mesh.peer.weight, loaded.mesh.peer.peer) == (2, None)
    assert SubscriptionInstance.objects.count() == 2


# --- Blocks of other subscriptions ---------------------------------------------------------------


def test_a_block_of_another_subscription_is_linked_and_left_alone(products):
    group = models.group(products)
    made = models.user(products, group)
    loaded = again(made)
    loaded.user.group.group_name = "Changed"

    with counted() as statements:
        loaded.save()

    assert statements == []
    assert (again(group).group.group_name, again(group).version) == ("Staff", 1)


def test_who_uses_whom(products):
    group = models.group(products)
    users = [models.user(products, group, name) for name in ("anna", "piet")]
    user = users[0]

    assert {row.pk for row in group.in_use_by} == {u.subscription_id for u in users}
    assert [row.pk for row in user.depends_on] == [group.subscription_id]
    assert (list(user.in_use_by), list(group.depends_on)) == ([], [])
    assert {row.pk for row in group.group.in_use_by} == {
        u.user.subscription_instance_id for u in users
    }
    assert [row.pk for row in user.user.depends_on] == [group.group.subscription_instance_id]
    assert list(user.user.in_use_by) == []


def test_what_a_subscription_uses_within_itself_is_not_its_relation(products):
    made = models.circuit(products)

    assert (list(made.in_use_by), list(made.depends_on)) == ([], [])
    assert made.circuit.ends[0].in_use_by.get().pk == made.circuit.subscription_instance_id


def test_unlinking_leaves_the_other_subscription_as_it_was(products):
    one, two = models.group(products, "One"), models.group(products, "Two")
    made = models.user(products, one)
    made.user.group = two.group
    made.save()

    assert again(made).user.group.group_name == "Two"
    assert again(one).group.group_name == "One"


def test_a_block_that_another_subscription_uses_is_not_removed_and_nothing_is_half_done(products):
    owner, guest = models.mesh(products), models.mesh(products)
    owner.first, owner.parts = port(owner, "used"), [port(owner, "free")]
    owner.save()
    guest.first = owner.first
    guest.save()
    before = contents()
    used = owner.first.subscription_instance_id
    owner.first, owner.parts, owner.note = None, [], "tidied"

    with pytest.raises(BlockInUse) as refused:
        owner.save()

    assert str(refused.value) == f"another subscription uses a block that was removed: {used}"
    assert contents() == before
    guest.first = None
    guest.save()
    owner.save()
    assert (again(owner).first, again(owner).note) == (None, "tidied")


def test_a_linked_block_that_is_gone_meanwhile_is_refused(products):
    owner, guest = models.mesh(products), models.mesh(products)
    owner.first = port(owner)
    owner.save()
    guest.first = again(owner).first
    owner.first = None
    owner.save()
    before = contents()

    with pytest.raises(DomainError, match="has no block any more that is linked"):
        guest.save()

    assert contents() == before


def test_blocks_cannot_go_in_a_circle(products):
    made = models.mesh(products)
    made.mesh.peer = MeshBlock.new(made.subscription_id)
    made.mesh.peer.peer = made.mesh

    with pytest.raises(DomainError, match="is a part of itself; blocks cannot go in a circle"):
        made.save()


def test_nor_in_a_circle_through_another_subscription(products):
    one, two = models.mesh(products), models.mesh(products)
    one.mesh.peer = again(two).mesh
    one.save()
    two.mesh.peer = again(one).mesh

    with pytest.raises(DomainError, match="cannot go in a circle"):
        two.save()


def test_a_circle_that_is_stored_all_the_same_is_told_when_it_is_loaded(products):
    one, two = models.mesh(products), models.mesh(products)
    first, second = again(one), again(two)
    first.mesh.peer, second.mesh.peer = two.mesh, one.mesh
    first.save()
    second.save()

    with pytest.raises(DomainError, match="cannot go in a circle"):
        again(one)


def test_two_objects_for_one_block_are_refused(products):
    made = models.circuit(products)
    made.circuit.spare = made.circuit.ends[0].model_copy(update={"port_name": "other"})

    with pytest.raises(DuplicateBlock, match=str(made.circuit.spare.subscription_instance_id)):
        made.save()


def test_a_product_block_that_the_database_does_not_know_is_told(products):
    made = models.circuit(products)
    made.circuit.spare = LagBlock.new(made.subscription_id)
    ProductBlock.objects.filter(name="LagBlock").delete()
    before = contents()

    with pytest.raises(UnknownProductBlock, match="no product block LagBlock"):
        made.save()

    assert contents() == before


# --- Versions ------------------------------------------------------------------------------------


def test_of_two_that_read_the_same_version_the_second_is_refused(products):
    made = models.circuit(products)
    one, two = again(made), again(made)
    one.circuit.vlan, two.circuit.vlan = 1, 2
    one.save()

    with pytest.raises(StaleDataError, match="since its version 1 was read; load it again"):
        two.save()

    assert (again(made).circuit.vlan, again(made).version) == (1, 2)


def test_a_save_that_was_refused_can_be_repeated_and_is_refused_again(products):
    made = models.circuit(products)
    one, two = again(made), again(made)
    one.note, two.note = "one", "two"
    one.save()

    for _ in range(2):
        with pytest.raises(StaleDataError):
            two.save()
        assert two.version == 1


def test_a_new_one_that_could_not_be_stored_is_still_new(products):
    made = Mesh.from_product_id(products.mesh.pk, "SURF", ACTIVE)
    block = ProductBlock.objects.get(name="MeshBlock")
    block.delete()
    with pytest.raises(UnknownProductBlock):
        made.save()
    block.save(force_insert=True)

    made.save()

    assert again(made).version == 1


def test_a_model_is_saved_again_and_again(products):
    made = models.circuit(products)
    for vlan in (1, 2, 3):
        made.circuit.vlan = vlan
        made.save()

    assert (again(made).version, made.version) == (4, 4)


def test_a_version_that_the_author_sets_does_not_deceive(products):
    made = models.circuit(products)
    one, two = again(made), again(made)
    one.note = "one"
    one.save()
    two.note, two.version = "two", 2

    with pytest.raises(StaleDataError):
        two.save()


@pytest.mark.postgresql
def test_of_two_savers_at_the_same_instant_the_one_that_waits_is_refused(products):
    made = models.circuit(products)
    one, two = again(made), again(made)
    one.circuit.ends[0].port_name, two.circuit.vlan = "one", 2
    with transaction.atomic():
        one.save()
        other = Other(two.save)
        other.wait_until_locked_out()

    with pytest.raises(StaleDataError):
        other.ended()
    assert (again(made).circuit.ends[0].port_name, again(made).circuit.vlan) == ("one", None)


@pytest.mark.postgresql
def test_a_block_is_not_removed_while_another_subscription_begins_to_use_it(products):
    owner, guest = models.mesh(products), models.mesh(products)
    owner.first = port(owner)
    owner.save()
    guest.first, owner.first = again(owner).first, None
    with transaction.atomic():
        guest.save()
        other = Other(owner.save)
        other.wait_until_locked_out()

    with pytest.raises(BlockInUse):
        other.ended()
    assert again(guest).first.port_name == again(owner).first.port_name == "ge-1/1/1"


# --- Code that changed ---------------------------------------------------------------------------


def changed_code(products, make):
    """Let a product be described by other code from now on."""
    ProductBlock.objects.get_or_create(name="Renewed")
    SUBSCRIPTION_MODEL_REGISTRY["Mesh"] = make()


def old_code():
    class Renewed(ProductBlockModel, product_block_name="Renewed"):
        kept: int = 1
        gone: str = "old"
        part: PortBlock | None = None

    class Old(SubscriptionModel, is_base=True):
        block: Renewed

    return Old


def new_code():
    class Renewed(ProductBlockModel, product_block_name="Renewed"):
        kept: int = 1
        joined: Decimal = Decimal("0.5")

    class New(SubscriptionModel, is_base=True):
        block: Renewed

    return New


def test_a_field_that_joined_the_code_has_its_default_and_is_stored_with_the_next_change(products):
    changed_code(products, old_code)
    made: Any = SUBSCRIPTION_MODEL_REGISTRY["Mesh"].from_product_id(products.mesh.pk, "SURF")
    made.save()
    changed_code(products, new_code)

    loaded = again(made)

    assert loaded.block.joined == Decimal("0.5")
    with counted() as statements:
        loaded.save()
    assert statements == []
    loaded.block.kept = 2
    loaded.save()
    assert SubscriptionInstance.objects.get().values == {"kept": 2, "joined": "0.5", "gone": "old"}


def test_what_left_the_code_stays_until_a_migration_removes_it(products):
    changed_code(products, old_code)
    made: Any = SUBSCRIPTION_MODEL_REGISTRY["Mesh"].from_product_id(products.mesh.pk, "SURF")
    made.block.gone, made.block.part = "precious", port(made)
    made.save()
    changed_code(products, new_code)
    loaded = again(made)
    loaded.block.kept = 2
    loaded.save()
    changed_code(products, old_code)

    loaded = again(made)
    assert (loaded.block.kept, loaded.block.gone) == (2, "precious")
    assert loaded.block.part.port_name == "ge-1/1/1"


def test_a_value_that_only_a_later_variant_has_survives_an_earlier_one(products):
    class Base(ProductBlockModel, product_block_name="Renewed"):
        pass

    class Late(Base, lifecycle=[ACTIVE]):
        speed: int = 10

    class Early(SubscriptionModel, is_base=True):
        block: Base

    class Active(Early, lifecycle=[ACTIVE]):
        block: Late

    changed_code(products, lambda: Active)
    made = Active.from_product_id(products.mesh.pk, "SURF", ACTIVE)
    made.block.speed = 40
    made.save()
    off = Early.from_other_lifecycle(again(made), SubscriptionLifecycle.DISABLED)
    off.save()

    on = Active.from_other_lifecycle(again(off), ACTIVE)
    on.save()

    assert SubscriptionInstance.objects.get().values == {"speed": 40}
    assert again(on).block.speed == 40


# --- Other products ------------------------------------------------------------------------------


def test_a_subscription_changes_its_product(products):
    faster = models.product("Fast circuit", Circuit, speed=10_000)
    made = models.circuit(products, note="kept")
    made.circuit.vlan = 7
    made.save()

    moved = Circuit.from_other_product(again(made), faster.pk)
    moved.save()

    loaded = again(made)
    assert (loaded.product.name, loaded.speed, loaded.circuit.vlan) == ("Fast circuit", 10_000, 7)
    assert (loaded.note, loaded.start_date, loaded.version) == ("kept", made.start_date, 3)
    assert loaded.insync


def test_what_the_other_product_s_class_lacks_goes_and_what_it_wants_more_is_given(products):
    made = models.circuit(products)
    block = MeshBlock.new(made.subscription_id, weight=5)

    moved = Mesh.from_other_product(again(made), products.mesh.pk, mesh=block)
    moved.save()

    loaded = again(made)
    assert (type(loaded), loaded.mesh.weight) == (Mesh, 5)
    assert SubscriptionInstance.objects.count() == 1


def test_a_product_is_changed_over_the_version_that_was_read(products):
    faster = models.product("Fast circuit", Circuit, speed=10_000)
    made = models.circuit(products)
    one, moved = again(made), Circuit.from_other_product(again(made), faster.pk)
    one.note = "first"
    one.save()

    with pytest.raises(StaleDataError):
        moved.save()


def test_the_plan_of_a_save_says_what_it_is_without_the_database(products):
    made = models.circuit(products)
    made.circuit.vlan = 9

    with counted() as statements:
        plan = made.plan_save()

    assert (isinstance(plan, Plan), plan.is_empty, statements) == (True, False, [])
    assert (made.version, again(made).version) == (2, 1)
    plan.execute()
    assert again(made).circuit.vlan == 9


@pytest.mark.postgresql
def test_a_block_is_not_linked_while_it_is_being_removed(products):
    owner, guest = models.mesh(products), models.mesh(products)
    owner.first = port(owner)
    owner.save()
    guest.first, owner.first = again(owner).first, None
    with transaction.atomic():
        owner.save()
        other = Other(guest.save)
        other.wait_until_locked_out()

    with pytest.raises(DomainError, match="has no block any more that is linked"):
        other.ended()
    assert again(guest).first is None
