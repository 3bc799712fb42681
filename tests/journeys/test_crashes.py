"""Nobody misses a worker that is killed: what it was doing ends as if nothing had happened."""

import collections

import pytest

from tests.cluster.processes import until
from tests.journeys.test_l2vpn import ENDS, ORDER

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]


@pytest.mark.usefixtures("playbook_runner")
def test_a_worker_killed_while_a_playbook_runs_is_not_missed(site, client):
    process = client.start("provision_l2vpn", ORDER, ENDS)
    until(lambda: running_playbook(client, process), "the playbook reports progress")

    site.kill_worker()
    answered = client.until(process, "resumed")  # The site alone took the answer.
    assert answered["steps"][-1]["status"] == "awaiting_callback"
    site.start_worker()

    shown = client.until(process, "suspended")
    assert shown["state"]["callback_result"]["job_id"] == shown["state"]["job_id"]
    client.resume(process, {})
    assert_each_step_once(client.until(process, "completed"), steps=9)


def test_a_worker_killed_inside_a_step_is_replaced_and_the_step_run_again(site, client, tmp_path):
    process = client.start("lab_hold", {"marks": str(tmp_path)})
    marks = tmp_path / "marks"
    until(marks.exists, "the step begins")

    site.kill_worker()
    assert client.show(process)["status"] == "running"  # Nobody has noticed yet.
    (tmp_path / "release").touch()
    site.start_worker()

    assert_each_step_once(client.until(process, "completed"), steps=4)
    begun = [line.split()[2] for line in marks.read_text().splitlines() if "begin" in line]
    assert len(begun) == 2
    assert len(set(begun)) == 1, "the idempotency key changed"


def test_a_worker_killed_while_it_orders_repeats_the_same_order(site, client, system):
    system.may_answer_orders.clear()
    process = client.start("remote_order", {"system": system.address})
    first = system.wait_for_order()

    site.kill_worker()
    site.start_worker()
    second = system.wait_for_order(2)
    system.may_answer_orders.set()

    assert (second["callback"], second["key"]) == (first["callback"], first["key"])
    client.until(process, "awaiting_callback")
    assert system.answer(second) == (200, "accepted")
    client.until(process, "suspended")


def running_playbook(client, process):
    steps = client.show(process)["steps"]
    return steps[-1]["status"] == "awaiting_callback" and steps[-1]["progress"]


def assert_each_step_once(shown, *, steps):
    times = collections.Counter(step["path"] for step in shown["steps"])
    assert len(times) == steps
    assert set(times.values()) == {1}
    assert {(step["status"], step["attempt"]) for step in shown["steps"]} == {("success", 1)}
