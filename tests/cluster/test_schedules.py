"""Real workers start what is due, whatever happens to them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.cluster.processes import database_url, running_worker, until
from workflows_app import schedules
from workflows_app.cadence import Once
from workflows_app.models import Process, ProcessEvent, Schedule

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]


@pytest.fixture
def due_soon(lab, tmp_path):
    """Set up schedules that are due in a moment."""
    Schedule.objects.all().delete()
    user = User.objects.create_superuser("maria")

    def set_up(count: int) -> None:
        for number in range(count):
            schedules.create(
                name=f"soon {number}",
                workflow="lab_count",
                inputs=[{"marks": str(tmp_path)}],
                cadence=Once(timezone.now() + timedelta(seconds=1.5)),
                user=user,
            )

    return set_up


def completed() -> int:
    return Process.objects.filter(status="completed").count()


def test_two_pools_start_each_due_schedule_once_and_in_its_time(due_soon):
    due_soon(8)

    with running_worker(database_url()), running_worker(database_url()):
        until(lambda: completed() == 8, "every schedule has started its process")

    assert Process.objects.count() == 8
    assert ProcessEvent.objects.filter(action="started").count() == 8
    assert all(schedule.is_over for schedule in Schedule.objects.all())


def test_a_worker_killed_while_it_starts_leaves_the_start_to_the_next(
    due_soon, marks, release, tmp_path
):
    inputs = [{"marks": str(tmp_path), "pause": 0}]
    Schedule.objects.create(
        name="slow",
        workflow="lab_slow_form",
        inputs=inputs,
        kind="once",
        first_at=timezone.now(),
        next_run_at=timezone.now(),
    )
    with running_worker(database_url()):  # Killed at the end, with kill -9.
        until(lambda: marks() == ["form"], "a worker walks the form")
    assert not Process.objects.exists()

    release()
    assert schedules.claim() is None  # Held still.
    Schedule.objects.update(held_until=timezone.now())
    with running_worker(database_url()):
        until(lambda: completed() == 1, "another worker has started it")

    assert Process.objects.count() == 1
    assert marks()[:2] == ["form", "form"]
