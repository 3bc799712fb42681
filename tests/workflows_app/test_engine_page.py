"""The engine page: who works on what, what waits, and pausing with its consequence named."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.engine import define, drain, run
from tests.workflows_app.console import ESCAPED, SCRIPT, confirm, cost, reserve, signed_in, text
from workflows_app import begin, engine, sleep_step, versions
from workflows_app.models import EngineSettings, Process, ProcessEvent, Worker
from workflows_app.pool.broker import ProcessBroker

pytestmark = pytest.mark.django_db(transaction=True)

ENGINE = "/admin/engine/"


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", "view_process", "pause_engine")


@pytest.fixture
def looker() -> Client:
    return signed_in("looker", "view_process")


def words(client: Client, part: str = "") -> str:
    """Return what the page says, without its markup."""
    body = text(client.get(ENGINE + part)).partition('<main id="content-start"')[2]
    said = " ".join(re.sub(r"<[^>]*>", " ", body).replace("&#x27;", "'").split())
    return re.sub(" ([,.])", r"\1", said)


def worker(name: str, *, seconds: float = 0, **values) -> Worker:
    """Register a worker that was heard of so long ago."""
    host, pid = name.split(":")
    seen = timezone.now() - timedelta(seconds=seconds)
    values = {"code": versions.code(), "slots": 2} | values
    return Worker.objects.create(
        name=name, host=host, pid=int(pid), started_at=seen, seen_at=seen, **values
    )


def running(on: str, **values) -> Process:
    """Return a process that the worker has claimed."""
    process = run(begin >> sleep_step("Sleep", 60))
    lease = timezone.now() + timedelta(seconds=10)
    changes = {"status": "running", "worker": on, "due_at": lease} | values
    Process.objects.filter(pk=process.pk).update(**changes)
    return process


def queued(number: int) -> None:
    for each in range(number):
        engine.start(define(begin >> reserve, name=f"queued_{each}"), by="maria")


# What it shows


def test_it_needs_a_staff_login_and_the_right_to_look():
    stranger = signed_in("stranger", "pause_engine")

    for part in ("", "live/", "pause/"):
        assert stranger.get(ENGINE + part).status_code == 403
    assert Client().get(ENGINE)["Location"].startswith("/admin/login/")
    assert Client().get(f"{ENGINE}live/").status_code == 286


def test_a_site_without_a_worker_says_so(looker):
    page = words(looker)

    assert "Runs, and was never paused." in page
    assert "No worker is heard of, so nothing runs. Start one with manage.py worker." in page
    assert "Can run now 0" in page


def test_each_worker_has_what_it_runs_and_since_when(looker):
    worker("a:1")
    process = running("a:1", modified_at=timezone.now() - timedelta(minutes=3))

    page = words(looker)

    assert "1 of 2 in use" in page
    assert f"{str(process.pk)[:8]} Sleep · 3 min" in page
    assert "Running 1" in page
    assert "No worker is heard of" not in page
    assert "silent" not in page


def test_a_silent_worker_is_marked_with_what_to_do(looker):
    worker("a:1", seconds=120)

    page = words(looker)

    assert "silent for 2 min" in page
    assert "Look at its host" in page
    assert "No worker is heard of" in page


def test_what_a_worker_left_behind_is_listed_with_its_lease(looker):
    running("gone:7")
    running("gone:8", due_at=timezone.now() - timedelta(minutes=2))

    page = words(looker)

    assert "Claimed by workers that are not in the list." in page
    assert "(gone:7) · lease ends in" in page
    assert "(gone:8) · lease ended 2 min ago" in page


def test_the_queue_says_how_much_waits_and_for_how_long(looker):
    queued(3)
    long_ago = timezone.now() - timedelta(minutes=5)
    Process.objects.filter(workflow__name="queued_1").update(due_at=long_ago)
    parked = Process.objects.get(workflow__name="queued_2")
    Process.objects.filter(pk=parked.pk).update(
        status="waiting", due_at=timezone.now() + timedelta(hours=2)
    )

    page = words(looker)

    assert "Can run now 2 Oldest, due for 5 min Next, due in 1 h 59 min" in page


def test_many_that_wait_are_not_counted_to_the_end(looker, monkeypatch):
    monkeypatch.setattr("workflows_app.console.engine_view.MOST", 2)
    monkeypatch.setattr("workflows_app.console.needs.MOST", 2)
    queued(3)

    assert "Can run now 1+" in words(looker)


def test_versions_are_there_for_a_report(looker):
    page = words(looker)

    for name, version in versions.versions().items():
        assert f"{name} {version}" in page


def test_a_worker_with_other_code_is_told_from_the_rest(looker):
    worker("a:1")
    worker("b:2", code="")
    assert "other code" not in words(looker)

    worker("c:3", code="0123456789ab")

    assert "c other code 3" in words(looker)
    assert "restart the older of the two" in words(looker)


def test_a_worker_says_which_code_it_runs():
    ProcessBroker("orchestrator")._beat()

    assert Worker.objects.get().code == versions.code()
    assert re.fullmatch("[0-9a-f]{12}", versions.code())


# The polled part


def test_the_polled_part_is_sent_when_something_has_changed(looker):
    first = looker.get(f"{ENGINE}live/")
    condition = {"If-None-Match": first["ETag"]}

    assert "<html" not in text(first)
    assert looker.get(f"{ENGINE}live/", headers=condition).status_code == 304
    for change in (lambda: worker("a:1"), lambda: queued(1), lambda: engine.pause(by="maria")):
        change()
        changed = looker.get(f"{ENGINE}live/", headers=condition)
        assert changed.status_code == 200
        condition = {"If-None-Match": changed["ETag"]}


def test_the_page_costs_the_same_whatever_it_shows(maria):
    before = cost(maria, f"{ENGINE}live/")
    for number in range(5):
        worker(f"a:{number}")
        running(f"a:{number}")
        running(f"gone:{number}")
    queued(5)
    engine.pause(by="maria")
    engine.unpause(by="maria")

    assert cost(maria, f"{ENGINE}live/") == before < 14


# Pausing


def test_a_pause_names_its_consequence_first(maria):
    worker("a:1")
    running("a:1")
    run(begin >> confirm, name="asks", inputs=())
    Process.objects.filter(workflow__name="asks").update(status="suspended", due_at=None)
    queued(2)

    page = words(maria, "pause/")

    assert "1 step runs now and finishes; what follows it waits." in page
    assert "Nothing new is claimed, on every host" in page
    assert "Waiting in the queue: 2. They start when the engine goes on." in page
    assert "1 process waits for a form or a callback: answers are accepted and kept" in page
    assert not EngineSettings.objects.filter(global_lock=True).exists()


def test_a_pause_says_who_why_and_since_when(maria, looker):
    worker("a:1")
    running("a:1")

    response = maria.post(f"{ENGINE}pause/", {"reason": f"upgrade {SCRIPT}"})

    assert response["Location"] == ENGINE
    page = words(looker)
    assert "pausing" in page
    assert "Paused by maria for 0 s" in page
    assert f"upgrade {ESCAPED}" in page
    assert "1 step still runs." in page
    Process.objects.update(status="failed", worker="", due_at=None)
    assert "still run" not in words(looker)
    assert ProcessEvent.objects.filter(actor="maria", action="engine paused").exists()


def test_going_on_names_its_consequence_and_leaves_a_trace(maria, looker):
    maria.post(f"{ENGINE}pause/", {"reason": "upgrade"})
    queued(1)

    question = words(maria, "unpause/")
    assert "Paused by maria: “upgrade”" in question
    assert "Waiting in the queue: 1." in question
    assert "No worker is heard of, so nothing will run" in question
    maria.post(f"{ENGINE}unpause/", {"reason": "done"})

    page = words(looker)
    assert "Runs for 0 s, since maria let it go on." in page
    assert re.search(r"engine unpaused maria done .*engine paused maria upgrade", page)
    assert drain() == 1


def test_what_is_so_already_is_not_asked(maria):
    assert maria.get(f"{ENGINE}unpause/")["Location"] == ENGINE
    maria.post(f"{ENGINE}pause/")
    assert maria.get(f"{ENGINE}pause/")["Location"] == ENGINE


def test_whoever_may_only_look_is_not_offered_to_pause(looker):
    page = text(looker.get(ENGINE))

    assert "/engine/pause/" not in page
    assert "You may not pause the engine." in page
    for verb in ("pause", "unpause"):
        assert looker.get(f"{ENGINE}{verb}/").status_code == 403
        assert looker.post(f"{ENGINE}{verb}/").status_code == 403
