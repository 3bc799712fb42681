"""The workflows that every site has."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.engine import drain, make_due, run, state
from tests.workflows_app.domain.models import ACTIVE, Group, GroupInactive, product
from workflows_app import Retry, begin, engine, registry, retrystep, sleep_step, step
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY
from workflows_app.models import (
    BulkAction,
    Delivery,
    Notice,
    Process,
    ProcessEvent,
    Subscription,
    Workflow,
)
from workflows_app.registration import sync
from workflows_app.subscriptions import validate_workflow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Register the workflows, and forget afterwards what the test adds."""
    monkeypatch.setattr(registry, "_workflows", dict(registry._workflows))
    monkeypatch.setitem(SUBSCRIPTION_MODEL_REGISTRY, "Group", Group)
    sync()


def go(name: str, *pages: dict[str, object]) -> Process:
    process = engine.start(name, inputs=pages, by="maria")
    drain()
    process.refresh_from_db()
    return process


def group(row) -> Group:
    """Return an active subscription that is in sync."""
    made = GroupInactive.from_product_id(row.pk, "acme")
    made.group.group_name, made.group.group_id = "noc", 7
    made = Group.from_other_lifecycle(made, ACTIVE)
    made.save()
    Subscription.objects.filter(pk=made.subscription_id).update(insync=True)
    return made


@pytest.fixture
def groups():
    row = product("Group", Group)
    row.workflows.add(Workflow.objects.get(name="modify_note"))
    return row


def test_a_note_is_changed_whoever_is_changing_the_rest(groups):
    made = group(groups)
    Subscription.objects.update(insync=False)
    loaded = Group.from_subscription(made.subscription_id)

    process = go("modify_note", {"subscription_id": str(made.subscription_id)}, {"note": " new "})

    assert process.status == "completed", process.failed_reason
    assert (state(process)["note_before"], state(process)["note"]) == ("", "new")
    loaded.group.group_name = "soc"
    loaded.save()
    row = Subscription.objects.get()
    assert (row.note, row.insync) == ("new", False)
    assert row.processsubscription_set.get().target == "MODIFY"


def task_of(name: str, *, days: float, status: str = "completed", is_task: bool = True) -> Process:
    workflow, _ = Workflow.objects.get_or_create(name=name, defaults={"target": "SYSTEM"})
    moment = timezone.now() - timedelta(days=days)
    final = status in ("completed", "aborted")
    return Process.objects.create(
        workflow=workflow,
        is_task=is_task,
        status=status,
        finished_at=moment if final else None,
        due_at=None,
        created_by="maria",
    )


def test_old_completed_tasks_are_deleted_and_nothing_else(settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"TASK_RETENTION_DAYS": 3}
    old = task_of("old", days=4)
    kept = [
        task_of("old", days=2),
        task_of("old", days=400, status="failed"),
        task_of("old", days=400, status="aborted"),
        task_of("old", days=400, is_task=False),
    ]

    process = go("task_clean_up_tasks")

    assert state(process)["deleted"] == {"old": 1}
    assert not Process.objects.filter(pk=old.pk).exists()
    assert Process.objects.filter(pk__in=[row.pk for row in kept]).count() == 4
    assert ProcessEvent.objects.get(action="tasks cleaned up").details == {"old": 1}


def test_old_notices_are_deleted_once_nothing_of_them_is_under_way(settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"NOTICES_KEPT_DAYS": 3}
    about = task_of("old", days=1)
    maria = User.objects.create_user("maria")

    def notice(*, days, handed_out=True, **delivery):
        at = timezone.now() - timedelta(days=days)
        made = Notice.objects.create(
            process=about, kind="failed", at=at, handed_out_at=at if handed_out else None
        )
        if delivery:
            Delivery.objects.create(notice=made, user=maria, **delivery)
        return made.pk

    done = {"status": "delivered", "due_at": None, "done_at": timezone.now()}
    notice(days=4, channel="browser", **done)
    notice(days=4)
    kept = {
        notice(days=2, channel="browser", **done),
        notice(days=4, channel="email"),
        notice(days=4, handed_out=False),
    }

    process = go("task_clean_up_tasks")

    assert state(process)["deleted_notices"] == 2
    assert set(Notice.objects.values_list("pk", flat=True)) == kept


def test_old_results_of_acts_on_many_processes_are_deleted():
    for days in (29, 31):
        at = timezone.now() - timedelta(days=days)
        BulkAction.objects.create(actor="maria", action="abort", created_at=at)

    process = go("task_clean_up_tasks")

    assert state(process)["deleted_results"] == 1
    assert BulkAction.objects.get().created_at > timezone.now() - timedelta(days=30)


def test_a_workflow_says_how_long_its_tasks_are_kept():
    @registry.task("Keep me", keep_days=100)
    def keep_me():
        return begin

    sync()
    task_of("keep_me", days=99)
    task_of("keep_me", days=101)

    go("task_clean_up_tasks")

    assert Process.objects.filter(workflow__name="keep_me").count() == 1


def test_what_waits_for_its_next_try_is_tried_now_and_timers_run_on():
    away = [True]

    @retrystep("Call", retry=Retry())
    def call() -> None:
        if away:
            raise ConnectionError("away")

    retrying = run(begin >> call, name="calls")
    timer = run(begin >> sleep_step("Sleep", 3600), name="sleeps")
    assert (retrying.status, timer.status) == ("waiting", "waiting")
    away.clear()

    process = go("task_resume_workflows")

    retrying.refresh_from_db()
    timer.refresh_from_db()
    assert (retrying.status, timer.status) == ("completed", "waiting")
    assert state(process)["resumed"] == 1


def test_products_that_agree_with_the_code_are_valid(groups):
    assert go("task_validate_products").status == "completed"


def test_products_that_do_not_agree_are_named(groups):
    groups.fixed_inputs.create(name="speed", value="1")
    groups.workflows.clear()
    product("Other", Group)
    SUBSCRIPTION_MODEL_REGISTRY.pop("Other")

    process = go("task_validate_products")

    assert process.status == "inconsistent_data"
    assert process.steps.get(status="failed").details == [
        "Group lacks the workflow modify_note",
        "Group: missing fixed inputs in model: speed",
        "Other lacks the workflow modify_note",
        "Other has no model in SUBSCRIPTION_MODEL_REGISTRY",
    ]


def test_workflows_that_do_not_agree_are_named(groups):
    Workflow.objects.filter(name="modify_note").update(target="SYSTEM")

    process = go("task_validate_products")

    (problem,) = process.steps.get(status="failed").details or []
    assert problem == "modify_note is described differently in the database"


@pytest.fixture
def validated(groups):
    """Five groups, and what their validation saw."""
    seen = []

    @step("Look")
    def look(subscription: Group) -> None:
        seen.append(subscription.subscription_id)

    @validate_workflow("Validate a group")
    def validate_group():
        return begin >> look

    sync()
    groups.workflows.add(Workflow.objects.get(name="validate_group"))
    return [group(groups).subscription_id for _ in range(5)], seen


def test_every_subscription_in_order_is_validated_once(validated, groups):
    made, seen = validated
    Subscription.objects.filter(pk=made[0]).update(insync=False)
    Subscription.objects.filter(pk=made[1]).update(status="terminated")

    process = go("task_validate_subscriptions")

    assert process.status == "completed"
    assert sorted(seen) == sorted(made[2:])
    assert state(process)["validations"] == 3
    assert set(Process.objects.filter(workflow__name="validate_group").values_list("is_task")) == {
        (True,)
    }


def test_only_so_many_are_validated_at_once(validated, settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"VALIDATIONS_AT_ONCE": 2}
    made, seen = validated

    process = engine.start("task_validate_subscriptions", by="maria")
    drain()
    process.refresh_from_db()
    assert (process.status, len(seen)) == ("waiting", 2)
    for expected in (4, 5):
        make_due(process)
        drain()
        assert len(seen) == expected

    process.refresh_from_db()
    assert process.status == "completed"
    assert sorted(seen) == sorted(made)


def test_a_validation_that_cannot_be_started_holds_up_nothing(validated):
    made, seen = validated
    Workflow.objects.create(name="validate_gone", target="VALIDATE", is_task=True)
    subscription = Subscription.objects.select_related("product").get(pk=made[0])
    subscription.product.workflows.add(Workflow.objects.get(name="validate_gone"))

    process = go("task_validate_subscriptions")

    assert process.status == "completed"
    assert len(seen) == 5
