"""A remote system that posts once and never again loses nothing, whenever it posts."""

import pytest

from tests.cluster.processes import until
from tests.journeys.site import ACCESS_LOG

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]


@pytest.fixture
def paused(client):
    """Return a function that pauses and unpauses the engine; afterwards it runs."""

    def switch(on):
        answer = client.send("PUT", "engine", {"global_lock": on, "reason": "a test"})
        assert answer.status_code == 200, answer.text

    yield switch
    switch(False)


def test_an_answer_is_validated_and_confirmed(client, system):
    process = client.start("remote_order", {"system": system.address})
    order = system.wait_for_order()
    client.until(process, "awaiting_callback")

    assert system.answer(order) == (200, "accepted")

    shown = client.until(process, "suspended")
    assert shown["state"]["callback_result"]["status"] == "successful"
    assert system.answer(order) == (409, "already_answered")
    client.resume(process, {})
    client.until(process, "completed")


def test_no_log_and_no_database_file_shows_the_token(client, site, system):
    process = client.start("remote_order", {"system": system.address})
    order = system.wait_for_order()
    client.until(process, "awaiting_callback")
    system.answer(order)
    client.until(process, "suspended")

    token = order["callback"].rpartition("/")[2]
    access_log = (site.directory / ACCESS_LOG).read_text()
    assert f"/api/processes/{process}/callback/cbt1.[hidden] HTTP/1.1" in access_log
    written = [path for path in site.directory.iterdir() if path.is_file()]
    assert not [path for path in written if token.encode() in path.read_bytes()]


def test_an_answer_before_the_order_was_taken_is_kept(client, system):
    system.before_it_takes_an_order = system.answer

    process = client.start("remote_order", {"system": system.address})

    client.until(process, "suspended")
    assert system.heard == [(202, "stored_early")]


def test_an_answer_during_a_pause_is_held(client, system, paused):
    process = client.start("remote_order", {"system": system.address})
    order = system.wait_for_order()
    client.until(process, "awaiting_callback")

    paused(True)
    assert system.answer(order) == (202, "held")
    until(lambda: client.send("GET", "engine").json()["global_status"] == "PAUSED", "it is paused")
    assert client.show(process)["steps"][-1]["status"] == "awaiting_callback"
    paused(False)

    client.until(process, "suspended")


def test_an_answer_before_the_order_was_taken_and_during_a_pause_is_held(client, system, paused):
    def pause_and_answer(order):
        paused(True)
        system.answer(order)

    system.before_it_takes_an_order = pause_and_answer
    process = client.start("remote_order", {"system": system.address})
    client.until(process, "resumed")  # The action was finished; nothing followed it.
    assert system.heard == [(202, "held")]

    paused(False)
    client.until(process, "suspended")


def test_a_bad_answer_fails_the_process_and_a_retry_orders_at_a_new_address(client, system):
    process = client.start("remote_order", {"system": system.address})
    first = system.wait_for_order()
    client.until(process, "awaiting_callback")
    system.answer(first, return_code=4)
    assert client.until(process, "failed")["failed_reason"] == "Playbook failed"

    client.resume(process)
    second = system.wait_for_order(2)
    client.until(process, "awaiting_callback")

    assert second["callback"] != first["callback"]
    assert second["key"] != first["key"]
    assert system.answer(first) == (409, "already_answered")
    assert system.answer(second) == (200, "accepted")
    client.until(process, "suspended")


def test_an_answer_while_no_worker_runs_is_kept(site, client, system):
    process = client.start("remote_order", {"system": system.address})
    order = system.wait_for_order()
    client.until(process, "awaiting_callback")
    site.kill_worker()

    assert system.answer(order) == (200, "accepted")

    site.start_worker()
    client.until(process, "suspended")
