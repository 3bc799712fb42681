"""Real workers tell people beside their work: nothing is lost, and nothing waits for a receiver."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import F

from tests.cluster.processes import database_url, running_worker, until
from tests.workflows_app.receivers import Receiver, chose, endpoint_of, person
from workflows_app.models import Delivery, Process, Scope

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

OPEN: dict[str, Any] = {"HTTP_DENIED_NETWORKS": []}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


def listener(name: str, url: str) -> None:
    """Let a person hear of every end at ``url``."""
    user = person(name)
    endpoint_of(user, url)
    chose(user, "finished", webhook=Scope.ALL)


def delivered(name: str) -> bool:
    return Delivery.objects.filter(user__username=name, status="delivered").exists()


def test_a_receiver_that_hangs_delays_neither_steps_nor_other_receivers(lab, receiver):
    listener("slow", f"{receiver.url}/hang")
    listener("quick", f"{receiver.url}/hook")
    with running_worker(database_url(), workers=1, **OPEN):
        lab("lab_count")
        assert receiver.arrived.wait(60)
        until(lambda: delivered("quick"), "the other receiver has it")

        second = lab("lab_count")
        until(lambda: Process.objects.filter(pk=second.pk, status="completed"), "it runs")

        assert not delivered("slow"), "it hangs no longer"
        receiver.released.set()
        until(lambda: delivered("slow"), "it is delivered in the end")


def test_what_a_killed_worker_was_sending_is_sent_again_under_the_same_id(lab, receiver):
    listener("maria", f"{receiver.url}/hang")
    with running_worker(database_url(), workers=1, **OPEN) as worker:
        lab("lab_count")
        assert receiver.arrived.wait(60)
        worker.kill()
    assert not delivered("maria")
    receiver.released.set()
    Delivery.objects.update(due_at=F("created_at"))  # Its lease ends.

    with running_worker(database_url(), workers=1, **OPEN):
        until(lambda: delivered("maria"), "it is delivered")

    ids = [headers["webhook-id"] for _path, headers, _body in receiver.received]
    assert ids == [ids[0]] * 2


def test_a_worker_stops_without_waiting_for_a_receiver_that_hangs(lab, receiver):
    listener("slow", f"{receiver.url}/hang")
    patient = OPEN | {"NOTICE_TIMEOUT_SECONDS": 60, "STOP_GRACE_SECONDS": 60}
    with running_worker(database_url(), workers=1, **patient) as worker:
        lab("lab_count")
        assert receiver.arrived.wait(60)

        worker.process.terminate()

        assert worker.process.wait(25) == 0
        assert not receiver.released.is_set()
