"""What a data migration calls to schedule a workflow."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from tests.engine import define
from workflows_app import State, begin, schedules, step
from workflows_app.errors import CatalogError
from workflows_app.migration_helpers import delete_schedule, ensure_schedule
from workflows_app.models import Process, ProcessEvent, Schedule

pytestmark = pytest.mark.django_db(transaction=True)


@step("Order")
def order() -> State:
    return {}


@pytest.fixture(autouse=True)
def no_other_schedules():
    Schedule.objects.all().delete()


def test_a_schedule_is_set_up_once_and_then_left_to_the_operators(settings):
    settings.TIME_ZONE = "Europe/Amsterdam"

    ensure_schedule(apps, "nightly", workflow="example", cron="0 3 * * *")
    Schedule.objects.update(cron="0 4 * * *")
    ensure_schedule(apps, "nightly", workflow="example", cron="0 3 * * *")

    schedule = Schedule.objects.get()
    assert (schedule.cron, schedule.time_zone) == ("0 4 * * *", "Europe/Amsterdam")
    assert (schedule.owner, schedule.created_by) == (None, "")
    assert schedule.next_run_at
    assert schedule.next_run_at > timezone.now()


def test_an_interval_runs_without_an_owner():
    ensure_schedule(
        apps, "often", workflow=define(begin >> order), interval=timedelta(hours=1), inputs=[{}]
    )
    Schedule.objects.update(next_run_at=timezone.now())

    assert schedules.start_due() == 1

    assert Process.objects.get().created_by == "schedule often"


def test_a_paused_schedule_waits_for_an_operator():
    ensure_schedule(apps, "later", workflow="example", cron="0 3 * * *", paused=True)

    schedule = Schedule.objects.get()
    assert (schedule.next_run_at, schedule.paused_by) == (None, "a migration")
    assert schedule.paused_at


def test_a_deleted_schedule_leaves_its_processes():
    ensure_schedule(apps, "s", workflow=define(begin >> order), interval=timedelta(hours=1))
    Schedule.objects.update(next_run_at=timezone.now())
    schedules.start_due()

    delete_schedule(apps, "s")
    delete_schedule(apps, "s")

    assert not Schedule.objects.exists()
    assert Process.objects.get().schedule is None
    assert ProcessEvent.objects.filter(action="started", schedule=None).count() == 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "either a cron expression or an interval"),
        (
            {"cron": "0 3 * * *", "interval": timedelta(hours=1)},
            "either a cron expression or an interval",
        ),
        ({"cron": "0 3 * *"}, "the schedule 's': a cron expression has five fields"),
        ({"cron": "0 3 * * *", "time_zone": "Nowhere"}, "there is no time zone 'Nowhere'"),
        ({"interval": timedelta(seconds=1)}, "between 1 minute and 366 days"),
    ],
    ids=str,
)
def test_what_would_never_be_due_stops_the_migration(given, why):
    with pytest.raises(CatalogError, match=why):
        ensure_schedule(apps, "s", workflow="example", **given)

    assert not Schedule.objects.exists()
