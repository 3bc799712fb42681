"""Whatever dies, every process ends, and no step is committed twice."""

import os
import random
import signal
import time

import psycopg
import pytest
from django.db.models import Count

from tests.cluster.processes import alive, children, database_url, running_worker, until
from workflows_app.models import Process, ProcessStep, Worker

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]


def ended(process: Process, status: str = "completed"):
    def look() -> bool:
        process.refresh_from_db()
        return process.status == status

    return look


def test_a_busy_worker_that_is_killed_loses_nothing(worker, lab, marks, release):
    process = lab("lab_hold")
    begun = until(marks, "the step begins")[0].split()

    os.kill(int(begun[1]), signal.SIGKILL)
    again = until(lambda: len(marks()) > 1 and marks()[1].split(), "the step begins again")
    release()
    until(ended(process), "the process ends")

    assert again[0] == "begin"
    assert again[2] == begun[2], "the idempotency key changed"
    assert process.steps.filter(path="Hold").count() == 1


def test_a_step_that_must_not_run_twice_fails_when_its_worker_is_killed(worker, lab, marks):
    process = lab("lab_hold_once")
    begun = until(marks, "the step begins")[0].split()

    os.kill(int(begun[1]), signal.SIGKILL)
    until(ended(process, "failed"), "the process fails")

    assert "outcome unknown" in process.failed_reason
    assert len(marks()) == 1


@pytest.mark.parametrize("role", ["workers", "monitor", "pusher"])
def test_an_idle_process_of_the_pool_that_is_killed_freezes_nothing(worker, lab, role):
    first = lab("lab_count")
    until(ended(first), "the pool has worked")

    for pid in worker.pool()[role]:
        os.kill(pid, signal.SIGKILL)

    until(ended(lab("lab_count")), "the next process ends")


def test_a_busy_step_is_finished_when_an_idle_worker_is_killed(worker, lab, marks, release):
    process = lab("lab_hold")
    begun = until(marks, "the step begins")[0].split()
    idle = next(pid for pid in worker.pool()["workers"] if pid != int(begun[1]))

    os.kill(idle, signal.SIGKILL)
    time.sleep(0.7)  # The guard looks every half second.
    release()
    until(ended(process), "the process ends")

    assert [line.split()[0] for line in marks()[:2]] == ["begin", "end"]


def test_a_worker_that_is_killed_while_it_hands_in_a_result_freezes_nothing(
    lab, marks, tmp_path, monkeypatch
):
    (tmp_path / "held").mkdir()
    monkeypatch.setenv("LAB_HOLD_RESULT", str(tmp_path / "held"))
    with running_worker(database_url(), workers=1):
        lab("lab_count")
        file = tmp_path / "held" / "marks"
        until(file.exists, "the worker hands in a result")

        os.kill(int(file.read_text().split()[1]), signal.SIGKILL)

        until(ended(lab("lab_count")), "the next process ends")


def test_a_killed_sentinel_is_replaced_and_leaves_no_orphans(worker, lab):
    before = [worker.sentinel, *children(worker.sentinel)]

    os.kill(before[0], signal.SIGKILL)

    until(ended(lab("lab_count")), "the next process ends")
    assert not any(map(alive, before))


def test_a_killed_supervisor_leaves_nothing_behind(worker, lab, marks, release):
    process = lab("lab_hold")
    until(marks, "the step begins")
    everybody = worker.everybody()

    worker.process.kill()
    worker.process.wait()

    until(lambda: not any(map(alive, everybody)), "everybody is gone")
    release()
    with running_worker(database_url()):
        until(ended(process), "another worker carries on")


def test_sigterm_lets_the_running_step_finish_and_another_host_carry_on(
    worker, lab, marks, release
):
    process = lab("lab_hold")
    until(marks, "the step begins")
    everybody = worker.everybody()

    worker.process.terminate()
    time.sleep(0.5)
    release()

    assert worker.process.wait(30) == 0
    assert not any(map(alive, everybody))
    assert [line.split()[0] for line in marks()] == ["begin", "end"]
    process.refresh_from_db()
    assert (process.status, process.next_step) == ("resumed", "Count 1")
    assert not Worker.objects.exists()


def test_sigterm_does_not_wait_for_ever(lab, marks):
    process = lab("lab_hold")
    with running_worker(database_url(), STOP_GRACE_SECONDS=1) as worker:
        until(marks, "the step begins")
        everybody = worker.everybody()

        assert worker.terminate() == 0

        assert not any(map(alive, everybody))
    process.refresh_from_db()
    assert process.status == "running"  # Its lease runs out, and another worker claims it.


def test_workers_killed_at_random_points_commit_no_step_twice(lab, marks):
    processes = [lab("lab_count", pause=0.02) for _ in range(30)]
    dice = random.Random(4)

    with running_worker(database_url(), workers=3, LEASE_SECONDS=1) as worker:
        for _ in range(5):
            time.sleep(dice.uniform(0.2, 0.8))
            pids = worker.pool()["workers"]
            os.kill(dice.choice(pids), signal.SIGKILL)
        until(
            lambda: not Process.objects.exclude(status="completed").exists(), "every process ends"
        )

    steps = ProcessStep.objects.values("process", "path").annotate(times=Count("pk"))
    assert steps.filter(times__gt=1).count() == 0
    assert ProcessStep.objects.filter(status="success").count() == 30 * 7
    assert len(marks()) >= len(processes) * 5


def test_two_workers_share_one_queue(lab, marks):
    for _ in range(20):
        lab("lab_count")
    with running_worker(database_url()), running_worker(database_url()):
        until(
            lambda: not Process.objects.exclude(status="completed").exists(), "every process ends"
        )

    assert len(marks()) == len(set(marks())) == 100


@pytest.mark.postgresql
def test_a_restart_of_postgresql_loses_nothing(tmp_path, marks, release):
    from tests.cluster.commands import manage
    from tests.services.servers import postgresql

    with postgresql() as server:
        manage(server.url, "migrate", "-v0")
        manage(server.url, "sync_workflows")
        order = f'[{{"marks": "{tmp_path}", "pause": 0.05}}]'
        with running_worker(server.url):
            held = manage(server.url, "start_process", "lab_hold", "--input", order).strip()
            until(marks, "the step begins")
            server.restart(crash=True)
            counted = manage(server.url, "start_process", "lab_count", "--input", order).strip()
            release()

            def all_ended() -> bool:
                with psycopg.connect(server.url) as database:
                    rows = database.execute("SELECT id::text, status FROM workflows_app_process")
                    return dict(rows.fetchall()) == {held: "completed", counted: "completed"}

            until(all_ended, "both processes end")
            server.restart()
            third = manage(server.url, "start_process", "lab_count", "--input", order, "--wait")
            assert "completed" in third
