"""A runner that posts its lines and its result once, unheard, is followed and loses nothing."""

import pytest

from tests.journeys.peer_runner import PeerRunner
from tests.journeys.site import running_site

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

LINES = ["PLAY [all] ***", "TASK [vlan 100] ***", 'changed: [node-a] => {"unit": "µm"}']


@pytest.fixture(scope="module")
def peer_site(tmp_path_factory):
    with running_site(
        tmp_path_factory.mktemp("peer_site"), apps="tests.journeys.peer_orders"
    ) as site:
        yield site


@pytest.fixture
def site(peer_site):
    peer_site.start_worker()
    return peer_site


@pytest.fixture
def runner():
    runner = PeerRunner()
    yield runner
    runner.close()


@pytest.fixture
def ordered(client, runner):
    """Start a process; return it and the order that it placed, once it waits."""
    process = client.start("playbook_at_peer", {"runner": runner.address})
    order = runner.wait_for_order()
    client.until(process, "awaiting_callback")
    return process, order


@pytest.fixture
def pause(client):
    """Return a function that pauses the engine, or with ``False`` lets it go on, as at the end."""

    def switch(on=True):
        answer = client.send("PUT", "engine", {"global_lock": on, "reason": "a test"})
        assert answer.status_code == 200, answer.text

    yield switch
    switch(False)


def test_the_lines_are_shown_while_the_playbook_runs_and_gone_with_its_result(
    client, runner, ordered
):
    process, order = ordered

    for number, line in enumerate(LINES, start=1):
        runner.print(order, line)
        assert progress(client.show(process)) == {"progress": LINES[:number]}
    result = runner.end(order)

    shown = client.until(process, "suspended")
    assert result.keys() == {"job_id", "output", "return_code", "status"}
    assert shown["state"]["callback_result"] == result
    assert_no_progress(shown)
    client.resume(process, {})
    assert_no_progress(client.until(process, "completed"))
    assert runner.told == [("progress", 200)] * 3 + [("callback", 200)]


def test_the_two_addresses_are_different_and_neither_is_shown(client, ordered):
    process, order = ordered

    text = client.send("GET", f"processes/{process}").text

    assert order["progress"] != order["callback"]
    for address in (order["progress"], order["callback"]):
        path = address.partition("/api/")[2]
        assert path
        assert path not in text


def test_a_playbook_that_ends_before_its_order_was_taken_is_not_missed(client, runner):
    results = []

    def run_at_once(order):
        runner.print(order, *LINES)
        results.append(runner.end(order))

    runner.before_it_takes_an_order = run_at_once

    process = client.start("playbook_at_peer", {"runner": runner.address})

    shown = client.until(process, "suspended")
    assert shown["state"]["callback_result"] == results[0]
    assert_no_progress(shown)
    assert runner.told == [("progress", 200)] * 3 + [("callback", 202)]


def test_lines_from_before_the_wait_are_shown_when_it_begins(client, runner):
    runner.before_it_takes_an_order = lambda order: runner.print(order, *LINES)

    process = client.start("playbook_at_peer", {"runner": runner.address})

    assert progress(client.until(process, "awaiting_callback")) == {"progress": LINES}


def test_a_playbook_that_ends_while_the_engine_is_paused_is_not_missed(
    client, runner, ordered, pause
):
    process, order = ordered
    pause()

    runner.print(order, *LINES)
    assert progress(client.show(process)) == {"progress": LINES}
    result = runner.end(order)
    assert client.show(process)["steps"][-1]["path"] == "Playbook/Await callback"
    pause(False)

    assert client.until(process, "suspended")["state"]["callback_result"] == result
    assert runner.told == [("progress", 200)] * 3 + [("callback", 202)]


def test_a_playbook_that_ends_in_a_pause_before_the_wait_is_not_missed(client, runner, pause):
    results = []

    def run_in_a_pause(order):
        pause()
        runner.print(order, *LINES)
        results.append(runner.end(order))

    runner.before_it_takes_an_order = run_in_a_pause
    process = client.start("playbook_at_peer", {"runner": runner.address})
    client.until(process, "resumed")  # The order was taken; nothing followed it.

    pause(False)

    assert client.until(process, "suspended")["state"]["callback_result"] == results[0]
    assert runner.told == [("progress", 200)] * 3 + [("callback", 202)]


def test_a_line_that_the_result_overtook_changes_nothing(client, runner, ordered):
    process, order = ordered
    result = runner.end(order)

    runner.print(order, *LINES)

    shown = client.until(process, "suspended")
    assert shown["state"]["callback_result"] == result
    assert_no_progress(shown)
    assert runner.told == [("callback", 200)] + [("progress", 410)] * 3


def test_a_playbook_run_again_after_a_failure_is_followed_at_new_addresses(client, runner, ordered):
    process, first = ordered
    runner.print(first, *LINES)
    failure = runner.end(first, return_code=-1)
    shown = client.until(process, "failed")
    assert shown["steps"][-1]["details"] == failure
    assert_no_progress(shown)

    client.resume(process)
    second = runner.wait_for_order(2)
    client.until(process, "awaiting_callback")
    runner.print(first, "from the first run")
    runner.end(first)
    assert [status for _to, status in runner.told[-2:]] == [410, 409]

    runner.print(second, "from the second run")

    assert progress(client.show(process)) == {"progress": ["from the second run"]}
    result = runner.end(second)
    assert client.until(process, "suspended")["state"]["callback_result"] == result


def progress(shown):
    """Return what is shown of the step that waits."""
    assert shown["steps"][-1]["status"] == "awaiting_callback"
    return shown["steps"][-1]["progress"]


def assert_no_progress(shown):
    assert [step["progress"] for step in shown["steps"]] == [None] * len(shown["steps"])
    assert "progress" not in shown["state"]
