"""Subscriptions and products over HTTP."""

import uuid
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from tests.engine import drain, state
from tests.workflows_app.domain.models import PROVISIONING, Group, GroupInactive, product
from workflows_app import begin, engine, locks, registry, step
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY
from workflows_app.errors import SubscriptionLocked
from workflows_app.forms import SubmitFormPage
from workflows_app.models import Process, ProcessEvent, Subscription, Workflow
from workflows_app.registration import sync
from workflows_app.subscriptions import create_workflow, modify_workflow, terminate_workflow

pytestmark = pytest.mark.django_db(transaction=True)


class Name(SubmitFormPage):
    name: str


@step("Construct")
def construct(product: str, name: str):
    group = GroupInactive.from_product_id(product, "acme", description=name)
    group.group.group_name, group.group.group_id = name, 4
    return {"subscription": Group.from_other_lifecycle(group, PROVISIONING)}


@step("Break")
def break_it() -> None:
    raise RuntimeError("broken")


@pytest.fixture
def groups(monkeypatch):
    """A product with a workflow to create, one to modify (it breaks) and one to end."""
    monkeypatch.setattr(registry, "_workflows", dict(registry._workflows))
    monkeypatch.setitem(SUBSCRIPTION_MODEL_REGISTRY, "Group", Group)

    @create_workflow("Create a group", initial_input_form=Name)
    def create_group():
        return begin >> construct

    @modify_workflow("Modify a group")
    def modify_group():
        return begin >> break_it

    @terminate_workflow("End a group")
    def terminate_group():
        return begin

    sync()
    row = product("Group", Group)
    for workflow in Workflow.objects.filter(name__endswith="_group").order_by("-name"):
        workflow.save()  # PostgreSQL stores it anew, after the others.
        row.workflows.add(workflow)
    return row


def api(*permissions: str) -> APIClient:
    user = User.objects.create_user(f"user{uuid.uuid4().hex[:6]}")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = APIClient()
    client.force_authenticate(user)
    return client


def go(name: str, *pages: dict[str, str]) -> Process:
    process = engine.start(name, inputs=pages, by="maria")
    drain()
    process.refresh_from_db()
    return process


@pytest.fixture
def group(groups) -> str:
    """The id of an active subscription."""
    process = go("create_group", {"product": str(groups.pk)}, {"name": "noc"})
    return str(state(process)["subscription"]["subscription_id"])


def test_a_subscription_is_shown_with_its_graph_and_its_processes(group):
    shown = api("view_subscription").get(f"/api/subscriptions/{group}").json()

    assert (shown["description"], shown["status"], shown["insync"]) == ("noc", "active", True)
    assert shown["model"]["group"]["group_id"] == 4
    assert [(p["workflow"], p["target"]) for p in shown["processes"]] == [
        ("create_group", "CREATE")
    ]
    assert (shown["in_use_by"], shown["depends_on"], shown["trouble"]) == ([], [], "")


def test_a_subscription_without_a_model_is_shown_all_the_same(group, monkeypatch):
    monkeypatch.delitem(SUBSCRIPTION_MODEL_REGISTRY, "Group")

    shown = api("view_subscription").get(f"/api/subscriptions/{group}").json()

    assert shown["model"] is None
    assert "no model for the product 'Group'" in shown["trouble"]


def test_the_list_is_filtered(group):
    client = api("view_subscription")

    def count(query: str) -> int:
        return int(client.get(f"/api/subscriptions/?{query}").json()["count"])

    assert count("") == count("status=active,initial") == count("product=Group") == 1
    assert count("insync=true") == count("customer_id=acme") == 1
    assert count("insync=false") == count("status=initial") == count("status=%00") == 0


def test_the_lists_cost_the_same_however_long(groups, django_assert_max_num_queries):
    client = api("view_subscription", "view_product")
    for number in range(5):
        go("create_group", {"product": str(groups.pk)}, {"name": f"g{number}"})

    with django_assert_max_num_queries(4):
        assert client.get("/api/subscriptions/").json()["count"] == 5
    with django_assert_max_num_queries(7):
        (shown,) = client.get("/api/products/").json()["results"]
    assert shown["workflows"] == ["create_group", "modify_group", "terminate_group"]
    assert shown["product_blocks"] == ["GroupBlock"]


def test_the_workflows_of_a_subscription_say_why_not(group):
    client = api("view_subscription", "start_process")
    listed = client.get(f"/api/subscriptions/{group}/workflows").json()
    assert {row["name"]: row["reason"] for row in listed} == {
        "modify_group": "",
        "terminate_group": "",
    }

    process = go("modify_group", {"subscription_id": group})
    listed = client.get(f"/api/subscriptions/{group}/workflows").json()

    for row in listed:
        assert f"the process {process.pk} (modify_group, failed) is changing it" in row["reason"]


def test_a_workflow_that_one_may_not_start_says_so(group):
    listed = api("view_subscription").get(f"/api/subscriptions/{group}/workflows").json()

    assert {row["reason"] for row in listed} == {"You may not start it."}


def test_a_subscription_is_set_in_sync_with_a_reason(group):
    process = go("modify_group", {"subscription_id": group})
    client = api("lock_subscription")

    assert client.put(f"/api/subscriptions/{group}/set_in_sync", {}).status_code == 400
    answer = client.put(f"/api/subscriptions/{group}/set_in_sync", {"reason": "looked"})

    assert answer.status_code == 204
    row = Subscription.objects.get(pk=group)
    assert (row.insync, row.locked_by) == (True, None)
    event = ProcessEvent.objects.get(action="set in sync")
    assert (event.process, event.reason) == (process, "looked")
    assert event.actor.startswith("user")


def test_a_process_that_lost_its_lock_takes_it_again_before_it_is_retried(group):
    process = go("modify_group", {"subscription_id": group})
    locks.set_in_sync(UUID(group), by="maria", reason="looked")

    engine.retry(process.pk, by="maria")

    row = Subscription.objects.get(pk=group)
    assert (row.insync, row.locked_by) == (False, process)


def test_a_process_that_lost_its_lock_to_another_is_not_retried(group):
    first = go("modify_group", {"subscription_id": group})
    locks.set_in_sync(UUID(group), by="maria", reason="looked")
    second = go("modify_group", {"subscription_id": group})

    with pytest.raises(SubscriptionLocked, match=str(second.pk)):
        engine.retry(first.pk, by="maria")

    first.refresh_from_db()
    assert first.status == "failed"
    engine.abort(second.pk, by="maria")
    engine.retry(first.pk, by="maria")
    assert Subscription.objects.get(pk=group).locked_by == first


def test_a_subscription_that_is_being_changed_is_not_set_in_sync(group):
    process = go("modify_group", {"subscription_id": group})
    Process.objects.filter(pk=process.pk).update(status="suspended")

    answer = api("lock_subscription").put(
        f"/api/subscriptions/{group}/set_in_sync", {"reason": "x"}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "SubscriptionLocked")
    assert not Subscription.objects.get(pk=group).insync


@pytest.mark.parametrize("path", ["", "/workflows", "/set_in_sync"])
def test_who_may_not_is_refused_and_what_is_not_there_is_not_found(group, path):
    method = "put" if path == "/set_in_sync" else "get"
    body = {"reason": "x"}

    assert getattr(api(), method)(f"/api/subscriptions/{group}{path}", body).status_code == 403
    client = api("view_subscription", "lock_subscription")
    missing = getattr(client, method)(f"/api/subscriptions/{uuid.uuid4()}{path}", body)
    assert missing.status_code == 404


def test_the_lists_need_a_permission(groups):
    assert api().get("/api/subscriptions/").status_code == 403
    assert api().get("/api/products/").status_code == 403
