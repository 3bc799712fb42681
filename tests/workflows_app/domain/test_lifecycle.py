"""The life of a subscription: from every status to every other, by each way there is."""

from itertools import product as pairs
from typing import Any

import pytest
from django.utils import timezone
from pydantic import ValidationError

from tests.engine import run
from tests.workflows_app.domain import models
from tests.workflows_app.domain.models import (
    ACTIVE,
    PROVISIONING,
    Circuit,
    Mesh,
    User,
    UserInactive,
    UserProvisioning,
)
from workflows_app.domain import SubscriptionLifecycle, SubscriptionModel
from workflows_app.domain.variants import as_variant
from workflows_app.dsl import begin, step
from workflows_app.errors import ImpossibleLifecycle, WrongVariant
from workflows_app.lifecycle import LIFECYCLE_MOVES
from workflows_app.models import Subscription
from workflows_app.subscriptions import set_status

pytestmark = pytest.mark.django_db(transaction=True)

L = SubscriptionLifecycle
MATRIX = list(pairs(L, L))
IDS = [f"{was}-{will}" for was, will in MATRIX]


def possible(was, will):
    return was == will or (was != L.TERMINATED and will != L.INITIAL)


def stored(products, status) -> Any:
    """Store a complete user in ``status``."""
    made = models.user(products)
    Subscription.objects.filter(pk=made.subscription_id).update(
        status=status, start_date=None, end_date=None
    )
    return SubscriptionModel.from_subscription(made.subscription_id)


def status_of(model):
    return Subscription.objects.get(pk=model.subscription_id).status


@pytest.mark.parametrize(("was", "will"), MATRIX, ids=IDS)
def test_the_moves_are_those_that_the_table_lists(was, will):
    assert possible(was, will) == (was == will or will in LIFECYCLE_MOVES[was])


@pytest.mark.parametrize(("was", "will"), MATRIX, ids=IDS)
def test_from_other_lifecycle(products, was, will):
    before = stored(products, was)
    variant = as_variant(User, will)

    if not possible(was, will):
        with pytest.raises(ImpossibleLifecycle, match=f"that is {was} cannot become {will}"):
            variant.from_other_lifecycle(before, will)
        assert status_of(before) == was
        return
    after = variant.from_other_lifecycle(before, will)
    after.save()

    assert type(after) is variant
    loaded: Any = SubscriptionModel.from_subscription(before.subscription_id)
    assert (type(loaded), loaded.status, loaded.user.username) == (variant, will, "anna")
    assert loaded.model_dump() == after.model_dump()


@pytest.mark.parametrize(("was", "will"), MATRIX, ids=IDS)
def test_a_plain_save(products, was, will):
    """A product with one class for all statuses; with variants the class decides, see below."""
    made = models.mesh(products)
    Subscription.objects.update(status=was)
    loaded = Mesh.from_subscription(made.subscription_id)
    loaded.status = will

    if possible(was, will):
        loaded.save()
    else:
        with pytest.raises(ImpossibleLifecycle):
            loaded.save()

    assert status_of(made) == (will if possible(was, will) else was)


@pytest.mark.parametrize(("was", "will"), MATRIX, ids=IDS)
def test_the_step_set_status(products, was, will):
    before = stored(products, was)

    @step("Name it")
    def name_it():
        return {"subscription": {"subscription_id": str(before.subscription_id)}}

    process = run(begin >> name_it >> set_status(will))

    assert (process.status == "completed") == possible(was, will)
    assert status_of(before) == (will if possible(was, will) else was)
    if not possible(was, will):
        assert process.failed_reason == f"a subscription that is {was} cannot become {will}"


def test_a_status_is_not_reached_by_assignment_to_a_class_that_is_not_for_it(products):
    made = UserInactive.from_product_id(products.user.pk, "SURF")
    made.save()
    made.status = ACTIVE

    with pytest.raises(WrongVariant, match=r"a User, .*; use User\.from_other_lifecycle"):
        made.save()

    assert status_of(made) == "initial"


@pytest.mark.parametrize(("variant", "status"), [(UserProvisioning, PROVISIONING), (User, ACTIVE)])
def test_a_status_demands_all_that_its_class_demands(products, variant, status):
    made = UserInactive.from_product_id(products.user.pk, "SURF")
    made.save()

    with pytest.raises(ValidationError, match="username"):
        variant.from_other_lifecycle(made, status)


def test_a_linked_block_must_be_complete_too(products):
    made = UserInactive.from_product_id(products.user.pk, "SURF")
    made.user.username, made.user.age = "anna", 3
    group = models.GroupInactive.from_product_id(products.group.pk, "SURF")
    group.save()
    made.user.group = group.group

    with pytest.raises(ValidationError, match="group_name"):
        User.from_other_lifecycle(made, ACTIVE)


def test_the_status_may_be_left_out_where_the_class_is_for_one_only(products):
    made = UserInactive.from_product_id(products.user.pk, "SURF")
    made.user.username, made.user.age = "anna", 3
    made.user.group = models.group(products).group

    active = User.from_other_lifecycle(made)

    assert active.status == ACTIVE
    with pytest.raises(WrongVariant, match="UserInactive is not the variant for one status only"):
        UserInactive.from_other_lifecycle(made)
    with pytest.raises(WrongVariant, match="that is active is a User, and this is a UserInactive"):
        UserInactive.from_other_lifecycle(made, ACTIVE)


def test_a_subscription_does_not_become_another_kind(products):
    with pytest.raises(WrongVariant, match="a Circuit; a User is wanted"):
        User.from_other_lifecycle(models.circuit(products), ACTIVE)


def test_the_other_one_stays_as_it_was(products):
    made = UserInactive.from_product_id(products.user.pk, "SURF")
    made.user.username, made.user.group = "anna", models.group(products).group
    UserProvisioning.from_other_lifecycle(made)

    assert (made.status, type(made.user)) == ("initial", models.UserBlockInactive)


def test_blocks_keep_their_identity_over_a_change_of_status(products):
    made = stored(products, "provisioning")
    active = User.from_other_lifecycle(made)
    active.save()

    assert active.user.subscription_instance_id == made.user.subscription_instance_id
    assert active.user.group.subscription_instance_id == made.user.group.subscription_instance_id


def test_a_shared_block_stays_one_object(products):
    class Base(SubscriptionModel, is_base=True):
        one: models.GroupBlockInactive
        two: list[models.GroupBlockInactive] = []

    class Active(Base, lifecycle=[ACTIVE]):
        one: models.GroupBlock
        two: list[models.GroupBlock] = []  # type: ignore[assignment]

    row = models.product("Shared", Active)
    made = Base.from_product_id(row.pk, "SURF")
    made.one.group_name, made.one.group_id = "Staff", 1
    made.two = [made.one]
    active = Active.from_other_lifecycle(made)
    active.save()

    assert active.one is active.two[0]
    assert SubscriptionModel.from_subscription(active.subscription_id) == active


def test_a_terminated_one_never_comes_back_by_a_class_either(products):
    made = stored(products, "terminated")
    for variant, status in ((UserProvisioning, PROVISIONING), (User, ACTIVE)):
        with pytest.raises(ImpossibleLifecycle):
            variant.from_other_lifecycle(made, status)
    made.note = "A note is no return"
    made.save()

    assert status_of(made) == "terminated"


def test_it_starts_once_and_ends_once(products):
    began = timezone.now()
    made = Circuit.from_product_id(products.circuit.pk, "SURF")
    made.save()
    assert (made.start_date, made.end_date) == (None, None)
    dates = []
    for status in (PROVISIONING, ACTIVE, L.DISABLED, ACTIVE, L.TERMINATED):
        made.status = status
        made.save()
        row = Subscription.objects.get(pk=made.subscription_id)
        dates.append((row.start_date, row.end_date))

    starts, ends = zip(*dates, strict=True)
    assert starts[0] is None
    assert began < starts[1]
    assert len(set(starts[1:])) == 1
    assert ends[:4] == (None,) * 4
    assert ends[4] > starts[1]


def test_a_start_date_that_is_given_stays(products):
    given = timezone.now().replace(year=2001)
    made = Mesh.from_product_id(products.mesh.pk, "SURF", ACTIVE, start_date=given)
    made.save()

    assert Mesh.from_subscription(made.subscription_id).start_date == given
