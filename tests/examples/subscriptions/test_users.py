"""Users and their groups, from order to end."""

import pytest

from tests.engine import state
from tests.examples.subscriptions.site import api, model
from workflows_app import engine
from workflows_app.errors import FormNotComplete, FormRejected, StartRefused
from workflows_app.models import Product, Subscription, SubscriptionInstance


@pytest.fixture
def group(site):
    return site.create("create_user_group", "User Group", group_name="NOC")


@pytest.fixture
def user(site, group):
    return site.create(
        "create_user", "User internal", user_group_id=str(group.pk), username="maria", age=41
    )


def test_a_group_is_created_active_and_in_sync(group):
    loaded = model(group)

    assert (group.status, group.insync, group.description) == ("active", True, "User group NOC")
    assert loaded.user_group.group_name == "NOC"
    assert loaded.user_group.group_id >= 10_000


def test_a_user_belongs_to_a_group_of_another_subscription(user, group):
    loaded = model(user)

    assert (loaded.affiliation, loaded.user.username, loaded.user.age) == ("internal", "maria", 41)
    assert loaded.user.group == model(group).user_group
    assert loaded.user.group.owner_subscription_id == group.pk
    assert SubscriptionInstance.objects.filter(subscription=user).count() == 1


def test_the_affiliation_is_the_products(site, group):
    guest = site.create(
        "create_user", "User external", user_group_id=str(group.pk), username="gast"
    )

    assert model(guest).affiliation == "external"
    assert model(guest).user.age is None


def test_a_group_is_renamed_and_its_users_see_it(site, group, user):
    process = site.change("modify_user_group", group, {"group_name": "SOC"})

    assert process.status == "completed", process.failed_reason
    assert (group.description, group.status, group.insync) == ("User group SOC", "active", True)
    assert model(user).user.group.group_name == "SOC"


def test_a_user_moves_to_another_group(site, group, user):
    soc = site.create("create_user_group", "User Group", group_name="SOC")

    process = site.change(
        "modify_user", user, {"user_group_id": str(soc.pk), "username": "mary", "age": 42}
    )

    assert process.status == "completed", process.failed_reason
    changed = model(user).user
    assert (changed.group.group_name, changed.username, changed.age) == ("SOC", "mary", 42)
    assert site.change("terminate_user_group", group).status == "completed"


def test_names_are_used_once_whatever_their_case(site, group, user):
    pages = {"user_group_id": str(group.pk), "username": "maria"}

    with pytest.raises(FormRejected):
        site.create("create_user_group", "User Group", group_name=" noc ")
    with pytest.raises(FormRejected):
        site.create("create_user", "User external", **pages)
    with pytest.raises(FormRejected):
        site.create("create_user", "User external", **pages | {"username": "No Name"})
    assert site.change("modify_user", user, pages).status == "completed", "its own name is free"
    assert site.change("terminate_user", user).status == "completed"
    assert site.create("create_user", "User external", **pages).description == "User maria"


def test_the_slower_of_two_orders_for_a_name_fails(site, group):
    product = {"product": str(Product.objects.get(name="User Group").pk)}
    both = [
        engine.start("create_user_group", inputs=[product, {"group_name": "SOC"}], by="maria")
        for _ in range(2)
    ]

    statuses = sorted(site.wait(process).status for process in both)

    assert statuses == ["completed", "failed"]
    assert Subscription.objects.filter(description="User group SOC").count() == 1


def test_without_a_group_no_user_can_be_ordered(site):
    product = str(Product.objects.get(name="User internal").pk)

    with pytest.raises(StartRefused, match="create one first"):
        site.go("create_user", {"product": product})


def test_only_groups_that_are_active_and_in_sync_can_be_joined(site, group):
    soc = site.create("create_user_group", "User Group", group_name="SOC")
    old = site.create("create_user_group", "User Group", group_name="Old")
    site.change("terminate_user_group", old)
    Subscription.objects.filter(pk=soc.pk).update(insync=False)
    product = str(Product.objects.get(name="User internal").pk)

    with pytest.raises(FormNotComplete) as asked:
        site.go("create_user", {"product": product})

    shown = asked.value.page.model.model_json_schema()
    assert shown["$defs"]["Groups"]["options"] == {str(group.pk): "User group NOC"}


def test_a_group_in_use_cannot_end(site, group, user):
    said = site.refusal("terminate_user_group", group)

    assert f"Other subscriptions use this one: User maria ({user.pk})." in said


def test_a_group_ends_after_its_users_and_stays_as_history(site, group, user):
    assert site.change("terminate_user", user).status == "completed"
    assert site.change("terminate_user_group", group).status == "completed"

    for ended in (user, group):
        assert (ended.status, ended.insync) == ("terminated", True)
        assert ended.end_date >= ended.start_date
    assert model(user).user.group.group_name == "NOC"
    related = user.processsubscription_set.order_by("created_at")
    assert list(related.values_list("target", flat=True)) == ["CREATE", "TERMINATE"]
    assert "is terminated" in site.refusal("modify_user", user)


def test_what_is_out_of_sync_is_not_changed(site, group, user):
    Subscription.objects.filter(pk=user.pk).update(insync=False)

    assert "is out of sync" in site.refusal("modify_user", user)
    assert "Related subscriptions are out of sync: User maria" in site.refusal(
        "modify_user_group", group
    )


def test_a_workflow_of_another_product_is_refused(site, group):
    said = site.refusal("modify_user", group)

    assert "modify_user is not a workflow of the product User Group." in said


def test_the_api_shows_subscriptions_products_and_what_can_be_done(site, group, user):
    client = api("view_subscription", "view_product", "start_process")

    listed = client.get("/api/subscriptions/").json()["results"]
    shown = client.get(f"/api/subscriptions/{user.pk}").json()
    possible = client.get(f"/api/subscriptions/{group.pk}/workflows").json()
    products = client.get("/api/products/").json()["results"]

    assert {row["description"] for row in listed} == {"User maria", "User group NOC"}
    assert shown["model"]["user"]["group"]["group_name"] == "NOC"
    reasons = {row["name"]: row["reason"] for row in possible}
    assert reasons.keys() == {"modify_note", "modify_user_group", "terminate_user_group"}
    assert reasons["modify_user_group"] == reasons["modify_note"] == ""
    assert "User maria" in reasons["terminate_user_group"]
    assert {row["name"] for row in products} >= {"User internal", "User external", "User Group"}


def test_the_note_and_the_products_are_as_every_site_has_them(site, user):
    assert site.change("modify_note", user, {"note": "on leave"}).status == "completed"
    checked = site.go("task_validate_products")

    assert user.note == "on leave"
    assert checked.status == "completed", (checked.failed_reason, state(checked))
