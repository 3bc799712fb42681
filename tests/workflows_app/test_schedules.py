"""Schedules: one process for each time, or one refusal that says why."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.db import OperationalError, transaction
from django.utils import timezone
from pydantic import SecretStr

from tests.engine import define, drain, state
from tests.races import Other
from tests.workflows_app.test_budgets import counted
from workflows_app import State, begin, engine, forms, registry, schedules, step
from workflows_app.cadence import Cron, Every, Once
from workflows_app.engine.starting import fill_start_form
from workflows_app.errors import (
    FormNotComplete,
    FormRejected,
    ImpossibleCadence,
    NameTaken,
    NotAllowed,
    ScheduleError,
    UnknownSchedule,
    UnknownWorkflow,
)
from workflows_app.masking import masked
from workflows_app.models import Process, ProcessEvent, Schedule
from workflows_app.schedules import running
from workflows_app.secret_values import STARS, opened

pytestmark = pytest.mark.django_db(transaction=True)

HOURLY = Every(timedelta(hours=1), datetime(2026, 1, 1, tzinfo=UTC))
NIGHTLY = Cron("0 3 * * *", "Europe/Amsterdam")


@step("Order")
def order() -> State:
    return {"ordered": True}


class Page(forms.FormPage):
    node: str
    port: int


@pytest.fixture(autouse=True)
def no_other_schedules():
    """Forget the schedules that the migrations set up."""
    Schedule.objects.all().delete()


@pytest.fixture
def maria():
    user = User.objects.create_user("maria")
    codenames = ["add_schedule", "change_schedule", "delete_schedule", "view_schedule"]
    ours = Permission.objects.filter(content_type__app_label="workflows_app")
    user.user_permissions.set(ours.filter(codename__in=[*codenames, "start_process"]))
    return user


@pytest.fixture
def hourly(maria):
    """Return a schedule of a workflow without a form, due for a second."""
    return due(set_up(maria))


def set_up(user, *, cadence=HOURLY, inputs=(), name="hourly order", **options) -> Any:
    workflow = define(begin >> order, **options)
    return schedules.create(
        name=name, workflow=workflow, inputs=inputs, cadence=cadence, user=user, reason="asked for"
    )


def due(schedule: Schedule, ago: timedelta = timedelta(seconds=1)) -> Any:
    """Let the schedule's next time have come."""
    at = timezone.now() - ago
    Schedule.objects.filter(pk=schedule.pk).update(next_run_at=at, first_at=at)
    schedule.refresh_from_db()
    return schedule


def claimed() -> Any:
    """Hold what is due."""
    return schedules.claim()


def events(schedule: Schedule) -> list[tuple[str, str, str]]:
    rows = ProcessEvent.objects.filter(schedule=schedule).order_by("at", "pk")
    return list(rows.values_list("actor", "action", "reason"))


# Starting


def test_a_schedule_starts_its_workflow_at_its_time_and_says_who_set_it_up(maria):
    page = {"node": "n", "port": 5}
    schedule = due(set_up(maria, inputs=[page], initial_input_form=Page))
    at = schedule.next_run_at

    assert schedules.start_due() == 1
    drain()

    process = Process.objects.get()
    assert (process.status, process.created_by) == ("completed", "schedule hourly order")
    assert process.schedule == schedule
    assert state(process) == {**page, "ordered": True}
    started = process.events.get(action="started")
    assert started.actor == "schedule hourly order"
    assert started.details == {
        "schedule": "hourly order",
        "set up by": "maria",
        "due": at.isoformat(),
    }
    schedule.refresh_from_db()
    assert schedule.next_run_at == at + timedelta(hours=1)
    assert schedule.last_due_at == at
    assert schedule.held_until is None
    assert schedules.start_due() == 0


def test_what_is_not_due_yet_is_not_started(maria):
    set_up(maria)

    assert schedules.claim() is None


def test_a_schedule_that_is_held_is_not_due_for_others_until_its_hold_ends(hourly):
    held: Any = schedules.claim()

    assert held
    assert held.schedule_id == hourly.pk
    assert schedules.claim() is None

    Schedule.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    again = schedules.claim()
    assert again
    assert again.at == held.at
    assert schedules.run(again)
    assert schedules.run(held) is None
    assert Process.objects.count() == 1


def test_a_worker_that_was_only_slow_starts_nothing_beside_its_successor(hourly):
    slow: Any = schedules.claim()

    def successor(*_arguments):
        Schedule.objects.update(held_until=None)
        schedules.run(claimed())
        return {}

    with mock.patch.object(running, "fill_start_form", successor_once(successor)):
        assert schedules.run(slow) is None

    assert Process.objects.count() == 1


def successor_once(successor):
    """Return a stand-in for walking the form in which, the first time, somebody else is faster."""
    called: list[bool] = []

    def fill(*arguments, **named):
        if not called:
            called.append(True)
            successor()
        return fill_start_form(*arguments, **named)

    return fill


@pytest.mark.postgresql
def test_two_workers_at_the_same_moment_start_one_process(hourly):
    held: Any = schedules.claim()

    with transaction.atomic():
        assert schedules.run(held)
        other = Other(lambda: schedules.run(held))
        other.wait_until_locked_out()
    assert other.ended() is None

    assert Process.objects.count() == 1
    assert ProcessEvent.objects.filter(action="started").count() == 1


@pytest.mark.postgresql
def test_two_workers_that_see_the_same_schedule_due_do_not_both_hold_it(hourly):
    with transaction.atomic():
        assert schedules.claim()
        other = Other(schedules.claim)
        other.wait_until_locked_out()

    assert other.ended() is None


@pytest.mark.postgresql
def test_a_pause_of_the_schedule_and_its_start_do_not_both_happen(maria, hourly):
    held: Any = schedules.claim()

    with transaction.atomic():
        schedules.pause(hourly.pk, user=maria)
        other = Other(lambda: schedules.run(held))
        other.wait_until_locked_out()
    assert other.ended() is None

    assert not Process.objects.exists()


@pytest.mark.parametrize("where", ["queue.wake", "ProcessEvent.objects.create"])
def test_a_crash_between_moving_on_and_starting_leaves_the_schedule_due(hourly, where):
    held: Any = schedules.claim()

    with (
        mock.patch(f"workflows_app.engine.starting.{where}", side_effect=OperationalError("gone")),
        pytest.raises(OperationalError),
    ):
        schedules.run(held)

    at = hourly.next_run_at
    hourly.refresh_from_db()
    assert hourly.next_run_at == at
    assert not Process.objects.exists()
    assert schedules.run(held)
    assert Process.objects.count() == 1


def test_a_time_is_not_started_again_even_if_the_clock_goes_back(hourly):
    assert schedules.run(claimed())
    Schedule.objects.update(next_run_at=hourly.next_run_at)

    schedules.start_due()

    assert Process.objects.count() == 1
    hourly.refresh_from_db()
    assert hourly.next_run_at > timezone.now()


def test_the_times_that_were_missed_become_one_start_and_are_counted(hourly):
    due(hourly, timedelta(hours=5, minutes=1))

    assert schedules.start_due() == 1

    hourly.refresh_from_db()
    assert timezone.now() < hourly.next_run_at < timezone.now() + timedelta(hours=1)
    assert ProcessEvent.objects.get(action="started").details["missed"] == 5


def test_nothing_is_started_while_the_engine_is_paused_and_one_start_makes_up_for_it(hourly):
    due(hourly, timedelta(hours=3, minutes=1))
    engine.pause(by="anna")

    assert schedules.start_due() == 0

    engine.unpause(by="anna")
    assert schedules.start_due() == 1
    assert Process.objects.count() == 1
    assert ProcessEvent.objects.get(action="started").details["missed"] == 3


def test_a_pause_between_the_look_and_the_start_lets_nothing_start(hourly):
    held: Any = schedules.claim()
    engine.pause(by="anna")

    assert schedules.run(held) is None
    assert not Process.objects.exists()

    engine.unpause(by="anna")
    assert schedules.start_due() == 1  # At once: nobody waits for the end of the hold.


def test_once_is_over_after_its_time(maria):
    schedule = due(set_up(maria, cadence=Once(timezone.now() + timedelta(days=1))))

    assert schedules.start_due() == 1

    schedule.refresh_from_db()
    assert schedule.is_over
    assert Process.objects.count() == 1


def test_a_change_between_the_look_and_the_start_starts_nothing_with_the_old_inputs(maria):
    old, new = {"node": "n", "port": 5}, {"node": "n", "port": 6}
    schedule = due(set_up(maria, inputs=[old], initial_input_form=Page))
    held: Any = schedules.claim()

    def edit():
        schedules.change(schedule.pk, name="s", inputs=[new], cadence=schedule.cadence, user=maria)

    with mock.patch.object(running, "fill_start_form", successor_once(edit)):
        assert schedules.run(held) is None
    assert not Process.objects.exists()

    schedules.start_due()
    assert state(Process.objects.get())["port"] == 6


# Refusals


def refused(schedule: Any, why: str) -> None:
    """Expect the start to be refused, kept with its reason, and tried at the next time only."""
    Schedule.objects.filter(pk=schedule.pk).update(held_until=None)
    assert schedules.start_due() == 1
    schedule.refresh_from_db()
    assert why in schedule.refused_because
    assert schedule.next_run_at > timezone.now()
    assert not Process.objects.exists()
    assert events(schedule)[-1][:2] == ("schedule hourly order", "schedule refused")
    assert why in events(schedule)[-1][2]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"run_predicate": lambda _context: "The network is frozen."}, "The network is frozen."),
        ({"run_predicate": lambda _context: 1 / 0}, "the predicate of example raised"),
        ({"initial_input_form": Page}, "asks for another page"),
        ({"initial_input_form": lambda: 1 / 0}, "raised ZeroDivisionError"),
        ({"authorize": lambda _user: False}, "maria set it up and may not start example any more"),
        ({"authorize": lambda _user: 1 / 0}, "maria set it up and may not start example any more"),
    ],
)
def test_a_refused_start_says_why_and_is_tried_at_the_next_time(hourly, options, why):
    define(begin >> order, **options)

    refused(hourly, why)


def test_inputs_that_no_longer_fit_are_named(maria):
    page = {"node": "n", "port": 5}
    schedule = due(set_up(maria, inputs=[page], initial_input_form=Page))

    class Stricter(forms.FormPage):
        node: str
        port: str

    define(begin >> order, initial_input_form=Stricter)

    refused(schedule, "the inputs do not fit page 1 of the start form: port: ")


def test_a_workflow_that_has_left_the_code_is_refused(hourly):
    registry._workflows.pop("example")

    refused(hourly, "there is no workflow 'example'")


def test_a_form_that_takes_too_long_is_refused(hourly):
    forever = threading.Event()
    define(begin >> order, initial_input_form=lambda: forever.wait(60) and {})

    with mock.patch.object(running, "LONGEST_START", 0.05):
        refused(hourly, "longer than 0.05 s")


def test_an_owner_who_lost_the_permission_is_refused(maria, hourly):
    maria.user_permissions.clear()

    refused(hourly, "maria set it up and may not start example any more")


def test_an_owner_who_was_deactivated_is_refused(maria, hourly):
    User.objects.update(is_active=False, is_superuser=True)

    refused(hourly, "maria set it up and is no longer active")


def test_an_owner_who_was_deleted_is_refused_even_if_somebody_has_the_name_again(maria, hourly):
    maria.delete()
    User.objects.create_superuser("maria")

    refused(hourly, "maria set it up and has no account any more")


def test_the_action_log_tells_of_a_reason_once_and_the_schedule_counts(maria, hourly):
    maria.user_permissions.clear()
    for _ in range(3):
        due(hourly)
        schedules.start_due()

    hourly.refresh_from_db()
    assert hourly.refusals == 3
    assert [action for _, action, _ in events(hourly)].count("schedule refused") == 1

    User.objects.update(is_superuser=True)
    due(hourly)
    schedules.start_due()
    hourly.refresh_from_db()
    assert (hourly.refusals, hourly.refused_because) == (0, "")
    assert Process.objects.count() == 1


def test_a_schedule_of_a_migration_needs_no_owner(hourly):
    Schedule.objects.update(owner=None, created_by="")

    assert schedules.start_due() == 1

    started = ProcessEvent.objects.get(action="started")
    assert started.details["set up by"] == "a migration"


def test_one_refused_schedule_holds_up_no_other(maria, hourly):
    define(begin >> order, name="frozen", run_predicate=lambda _context: False)
    Schedule.objects.filter(pk=hourly.pk).update(workflow="frozen")
    second = set_up(maria, name="second")
    due(second)

    assert schedules.start_due() == 2

    assert Process.objects.get().schedule == second


def test_a_text_that_cannot_be_stored_is_refused_with_what_can(hourly):
    def say():
        raise RuntimeError("a\0b\ud800")

    define(begin >> order, initial_input_form=say)

    refused(hourly, "a�b�")


# Setting up


def test_a_schedule_is_set_up_with_its_next_time_and_an_entry_in_the_action_log(maria):
    schedule = set_up(maria, cadence=NIGHTLY, name="nightly")

    schedule.refresh_from_db()
    assert (schedule.owner, schedule.created_by) == (maria, "maria")
    assert schedule.cadence == NIGHTLY
    local = schedule.next_run_at.astimezone(ZoneInfo("Europe/Amsterdam"))
    assert (local.hour, local.minute) == (3, 0)
    assert events(schedule) == [("maria", "schedule set up", "asked for")]
    assert ProcessEvent.objects.get().details == {
        "schedule": "nightly",
        "workflow": "example",
        "cron": "0 3 * * *",
        "time zone": "Europe/Amsterdam",
    }


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"cadence": Once(datetime(2026, 1, 1, tzinfo=UTC))}, ImpossibleCadence),
        ({"cadence": Cron("0 3 * *", "UTC")}, ImpossibleCadence),
        ({"cadence": Every(timedelta(seconds=30), HOURLY.first)}, ImpossibleCadence),
        ({"inputs": []}, FormNotComplete),
        ({"inputs": [{"node": "n", "port": "x"}]}, FormRejected),
        ({"name": ""}, ScheduleError),
        ({"name": "n" * 101}, ScheduleError),
        ({"name": "a\0b"}, ScheduleError),
        ({"name": " a"}, ScheduleError),
        ({"workflow": "nothing"}, UnknownWorkflow),
    ],
    ids=str,
)
def test_what_could_never_start_is_refused_at_once(maria, given, refusal):
    wanted = {
        "name": "hourly",
        "workflow": define(begin >> order, initial_input_form=Page),
        "inputs": [{"node": "n", "port": 5}],
        "cadence": HOURLY,
    }

    with pytest.raises(refusal):
        schedules.create(**wanted | given, user=maria)

    assert not Schedule.objects.exists()


def test_a_name_is_taken_once(maria, hourly):
    second = set_up(maria, name="second")

    with pytest.raises(NameTaken, match="there is a schedule 'hourly order' already"):
        set_up(maria)
    with pytest.raises(NameTaken):
        schedules.change(second.pk, name="hourly order", inputs=[], cadence=HOURLY, user=maria)


@pytest.mark.parametrize("missing", ["add_schedule", "start_process"])
def test_setting_up_takes_the_permission_and_that_to_start(maria, missing):
    maria.user_permissions.remove(
        Permission.objects.get(codename=missing, content_type__app_label="workflows_app")
    )

    with pytest.raises(NotAllowed):
        set_up(maria)


def test_a_workflow_that_does_not_want_the_user_gets_no_schedule(maria):
    with pytest.raises(NotAllowed, match="you may not start example"):
        set_up(maria, authorize=lambda _user: False)


def test_a_secret_is_stored_sealed_and_opened_for_the_form(maria):
    class Login(forms.FormPage):
        name: str
        password: SecretStr

    schedule = set_up(
        maria,
        cadence=HOURLY,
        inputs=[{"name": "noc", "password": "tulip mania"}],
        initial_input_form=Login,
    )
    schedule.refresh_from_db()

    assert masked(schedule.inputs) == [{"name": "noc", "password": STARS}]
    stored = [*Schedule.objects.values_list("inputs"), *ProcessEvent.objects.values_list("details")]
    assert "tulip" not in json.dumps(stored)
    schedules.change(schedule.pk, name="other", cadence=HOURLY, user=maria)
    due(schedule)
    assert schedules.start_due() == 1
    assert opened(state(Process.objects.get())["password"]) == SecretStr("tulip mania")


def test_whoever_changes_a_schedule_is_its_owner_from_then_on(maria, hourly):
    piet = User.objects.create_superuser("piet")
    Schedule.objects.update(refusals=2, refused_because="gone")

    changed = schedules.change(
        hourly.pk, name="nightly", inputs=[], cadence=NIGHTLY, user=piet, reason="quieter"
    )

    changed.refresh_from_db()
    assert (changed.owner, changed.created_by, changed.name) == (piet, "piet", "nightly")
    assert changed.cadence == NIGHTLY
    assert changed.next_run_at
    assert changed.next_run_at > timezone.now()
    assert (changed.refusals, changed.refused_because) == (0, "")
    assert events(changed)[-1] == ("piet", "schedule changed", "quieter")
    details = ProcessEvent.objects.latest("pk").details
    assert details["to"]["cron"] == "0 3 * * *"
    assert details["from"]["cron"] is None


def test_a_schedule_of_a_migration_stays_one_until_its_inputs_change(maria):
    schedule = set_up(maria, inputs=[{"node": "n", "port": 5}], initial_input_form=Page)
    Schedule.objects.update(owner=None, created_by="")

    def change(port):
        given = [{"node": "n", "port": port}]
        schedules.change(schedule.pk, name="s", inputs=given, cadence=NIGHTLY, user=maria)
        schedule.refresh_from_db()

    change(5)
    assert schedule.created_by == ""
    change(6)
    assert (schedule.created_by, schedule.owner) == ("maria", maria)


def test_a_new_name_leaves_the_next_time_as_it_is(maria, hourly):
    changed = schedules.change(
        hourly.pk, name="other", inputs=[], cadence=hourly.cadence, user=maria
    )

    assert changed.next_run_at == hourly.next_run_at


def test_a_paused_schedule_is_never_due_until_it_goes_on(maria, hourly):
    schedules.pause(hourly.pk, user=maria, reason="maintenance")
    schedules.pause(hourly.pk, user=maria)

    hourly.refresh_from_db()
    assert (hourly.next_run_at, hourly.paused_by) == (None, "maria")
    assert not hourly.is_over
    assert schedules.start_due() == 0
    schedules.change(hourly.pk, name="s", inputs=[], cadence=NIGHTLY, user=maria)
    assert Schedule.objects.get().next_run_at is None

    schedules.unpause(hourly.pk, user=maria)
    schedules.unpause(hourly.pk, user=maria)
    hourly.refresh_from_db()
    assert hourly.next_run_at > timezone.now()
    assert hourly.paused_at is None
    actions = [action for _, action, _ in events(hourly)]
    assert actions == [
        "schedule set up",
        "schedule paused",
        "schedule changed",
        "schedule unpaused",
    ]


def test_a_time_that_passed_during_the_pause_is_not_made_up_for(maria):
    schedule = set_up(maria, cadence=Once(timezone.now() + timedelta(days=1)))
    schedules.pause(schedule.pk, user=maria)
    Schedule.objects.update(first_at=timezone.now() - timedelta(hours=1))

    assert schedules.unpause(schedule.pk, user=maria).is_over


def test_a_deleted_schedule_leaves_its_processes_and_its_entries(maria, hourly):
    schedules.start_due()

    schedules.delete(hourly.pk, user=maria, reason="not needed")

    assert not Schedule.objects.exists()
    process = Process.objects.get()
    assert (process.schedule, process.created_by) == (None, "schedule hourly order")
    event = ProcessEvent.objects.latest("pk")
    assert (event.action, event.reason) == ("schedule deleted", "not needed")
    assert event.details["schedule"] == "hourly order"


def test_running_now_is_an_act_of_the_user_and_leaves_the_next_time_as_it_is(maria):
    schedule = set_up(maria)
    piet = User.objects.create_superuser("piet")

    first = schedules.run_now(schedule.pk, user=piet, key="k", reason="to see it work")
    again = schedules.run_now(schedule.pk, user=piet, key="k", reason="to see it work")

    assert first == again
    assert (first.created_by, first.schedule) == ("piet", schedule)
    assert events(schedule)[-1] == ("piet", "started", "to see it work")
    after = Schedule.objects.get()
    assert after.next_run_at == schedule.next_run_at


@pytest.mark.parametrize(
    "verb",
    [
        lambda pk, user: schedules.pause(pk, user=user),
        lambda pk, user: schedules.unpause(pk, user=user),
        lambda pk, user: schedules.delete(pk, user=user),
        lambda pk, user: schedules.run_now(pk, user=user),
        lambda pk, user: schedules.change(pk, name="s", inputs=[], cadence=NIGHTLY, user=user),
    ],
    ids=["pause", "unpause", "delete", "run now", "change"],
)
def test_every_act_takes_its_permission_and_an_existing_schedule(maria, hourly, verb):
    with pytest.raises(NotAllowed):
        verb(hourly.pk, User.objects.create_user("piet"))

    pk = hourly.pk
    hourly.delete()
    with pytest.raises(UnknownSchedule):
        verb(pk, maria)


def test_a_look_costs_one_statement_however_many_schedules_there_are(maria):
    schedule = set_up(maria)
    Schedule.objects.bulk_create(
        Schedule(
            name=f"s{number}",
            workflow=schedule.workflow,
            kind=schedule.kind,
            first_at=schedule.first_at,
            interval=schedule.interval,
            next_run_at=schedule.next_run_at,
        )
        for number in range(30)
    )

    with counted() as statements:
        assert schedules.claim() is None

    assert len(statements) == 1, statements
