"""The home page: what needs me, what is wrong, what is running, without a click."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from callbacks_app import answers
from callbacks_app.models import CallbackToken
from callbacks_app.steps import callback_step
from tests.engine import define, drain, run
from tests.workflows_app.console import (
    ESCAPED,
    SCRIPT,
    boom,
    confirm,
    join,
    reserve,
    signed_in,
    text,
)
from tests.workflows_app.lists import subscribed
from workflows_app import State, begin, engine, sleep_step, step
from workflows_app.console import needs, throughput
from workflows_app.models import Process, ProcessStep, Worker

pytestmark = pytest.mark.django_db(transaction=True)

HOME = "/admin/home/"
LIVE = "/admin/home/live/"


@pytest.fixture(autouse=True)
def _nothing_counted_yet():
    cache.clear()


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


@step("Start playbook")
def start_playbook(callback_url: str) -> State:
    return {}


@step("Validate")
def validate(callback_result: int) -> State:
    return {}


def section(client: Client, name: str) -> str:
    """Return a section of the page as read."""
    page = text(client.get(HOME))
    found = re.search(rf'<section class="wh-section wh-{name}".*?</section>', page, re.DOTALL)
    assert found
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def engine_of(client: Client) -> str:
    page = text(client.get(HOME))
    found = re.search(r'<dl class="wh-facts">.*?</dl>', page, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def moved(process: Process, *, hours: float) -> Process:
    Process.objects.filter(pk=process.pk).update(
        modified_at=timezone.now() - timedelta(hours=hours)
    )
    return process


def positions(shown: str, *processes: Process) -> list[int]:
    return [shown.index(str(process.pk)[:8]) for process in processes]


def test_the_front_page_is_home(maria):
    assert maria.get("/", follow=True).redirect_chain == [(HOME, 302)]


def test_who_may_not_look_at_processes_is_told_so():
    answer = signed_in("stranger").get(HOME)

    assert answer.status_code == 403
    assert "you may not look at processes" in text(answer).lower()
    assert "can give you the permission" in text(answer)
    assert Client().get(HOME)["Location"].startswith("/admin/login/")


def test_an_empty_page_says_what_would_be_there(maria):
    assert "Forms that you may answer appear here" in section(maria, "mine")
    assert "stand still at a failure appear here" in section(maria, "failing")
    assert "while a worker runs their steps" in section(maria, "running")
    assert "wait for a remote system or for a time" in section(maria, "waiting")
    assert "None alive" in engine_of(maria)
    assert "Empty" in engine_of(maria)
    assert "0 completed" in text(maria.get(HOME))


def test_my_work_is_what_i_may_answer_oldest_first(maria):
    newer = moved(run(begin >> reserve >> confirm, name="one"), hours=1)
    older = moved(run(begin >> reserve >> confirm, name="two"), hours=2)
    Group.objects.create(name="NOC")
    member, other = (signed_in(name, "view_process", "resume_process") for name in ("piet", "els"))
    join("piet", "NOC")

    for client in (maria, member):
        shown = section(client, "mine")
        assert positions(shown, older, newer) == sorted(positions(shown, older, newer))
        assert "needs you · Confirm results" in shown
        assert "All that need me" in shown
    assert "None waits for you" in section(other, "mine")
    assert "None waits for you" in section(signed_in("looker", "view_process"), "mine")


def test_what_fails_is_shown_newest_first_with_why_and_what_can_be_done(maria):
    older = moved(run(begin >> boom, name="one"), hours=2)
    newer = moved(run(begin >> boom, name="two"), hours=1)

    shown = section(maria, "failing")

    assert positions(shown, newer, older) == sorted(positions(shown, newer, older))
    assert "Boom: no light" in shown
    assert "1 h 0 min ago" in shown
    assert shown.count("Retry") == 2
    assert "Retry" not in section(signed_in("looker", "view_process"), "failing")
    assert reverse("workflows:retry", args=[newer.pk]) in text(maria.get(HOME))


def test_a_line_says_what_it_is_about_to_those_who_may_see_it(maria):
    failed = run(begin >> boom)
    subscribed(failed, customer="SURF", description="VLAN 1001 for SURF")

    assert "VLAN 1001 for SURF" in section(maria, "failing")
    assert "VLAN 1001" not in section(signed_in("looker", "view_process"), "failing")


def test_what_waits_longest_comes_first_with_its_deadline(maria):
    timer = moved(run(begin >> sleep_step("Sleep", 3600), name="one"), hours=1)
    chain = begin >> callback_step("Playbook", start_playbook, validate, timeout=7200)
    remote = moved(run(chain, name="two"), hours=2)
    answers.report_progress(CallbackToken.objects.get(), {"percent": 40})

    shown = section(maria, "waiting")

    assert positions(shown, remote, timer) == sorted(positions(shown, remote, timer))
    assert "40 %" in shown
    assert "expires in 1 h 59 min" in shown
    assert "for 2 h 0 min" in shown
    assert "goes on in 59 min" in shown


def test_what_runs_is_shown_with_the_step_it_is_at(maria):
    chain = begin >> callback_step("Playbook", start_playbook, validate)
    process = run(chain)
    Process.objects.filter(pk=process.pk).update(
        status="running",
        next_step="Playbook/Start playbook",
        due_at=timezone.now() + timedelta(1),
        worker="host:1",
    )

    assert "step 3 of 6 · Playbook / Start playbook" in section(maria, "running")


def test_the_engine_its_workers_and_its_queue_are_summed_up(maria):
    now = timezone.now()
    for name, seen in (("a:1", now), ("b:2", now - timedelta(minutes=5))):
        where = {"name": name, "host": name[0], "pid": 1, "slots": 3}
        Worker.objects.create(**where, started_at=seen, seen_at=seen)
    started = engine.start(define(begin >> reserve), by="maria")
    Process.objects.update(due_at=now - timedelta(minutes=3))

    assert engine_of(maria) == (
        "Engine Running Workers 1 alive 1 silent 0 of 3 slots in use Queue 1 due now "
        "the oldest for 3 min"
    )
    engine.pause(by="piet")
    assert "Engine Paused by piet for 0 s" in engine_of(maria)
    engine.unpause(by="piet")
    drain()
    started.refresh_from_db()
    assert started.status == "completed"
    assert engine_of(maria).endswith("Queue Empty")


def test_the_last_day_is_counted_by_hour(maria):
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    for hours, name in ((0, "one"), (5, "two"), (5, "three"), (30, "four")):
        process = run(begin >> reserve, name=name)
        at = hour - timedelta(hours=hours) + timedelta(seconds=1)
        Process.objects.filter(pk=process.pk).update(finished_at=at)
    failed = run(begin >> boom, name="five")
    ProcessStep.objects.filter(status="failed").update(completed_at=hour - timedelta(hours=5))

    counted = throughput.throughput()

    assert (counted.completed, counted.failed) == (3, 1)
    assert [(h.completed, h.failed) for h in counted.hours[-6:]] == [
        (2, 1), (0, 0), (0, 0), (0, 0), (0, 0), (1, 0),
    ]  # fmt: skip
    assert counted.hours[-1].begins_at == hour
    assert len(counted.hours) == 24
    page = text(maria.get(HOME))
    assert "In the last 24 hours: processes completed: 3, steps failed: 1." in page
    engine.retry(failed.pk, by="maria")
    cache.clear()
    assert throughput.throughput().failed == 1  # It did happen.


def test_every_bar_is_inside_its_drawing_and_can_be_seen():
    for completed, failed in ((0, 1), (1, 0), (10_000, 1), (1, 10_000), (5, 5)):
        bars = throughput._bars(completed, failed, 10_001)
        assert all(bar.y >= 0 and bar.height >= 2 for bar in bars)
        assert all(bar.y + bar.height <= throughput.HEIGHT for bar in bars)
        assert len(bars) == bool(completed) + bool(failed)


def test_what_comes_from_outside_is_escaped(maria):
    failed = run(begin >> reserve >> boom)
    engine.set_note(failed.pk, note=SCRIPT, by="maria")
    engine.pause(by="maria", reason=SCRIPT)

    page = text(maria.get(HOME))

    assert ESCAPED in page
    assert SCRIPT not in page


def test_an_unchanged_page_is_a_304_and_a_changed_one_is_not(maria):
    chain = begin >> callback_step("Playbook", start_playbook, validate)
    process = run(chain)
    token = CallbackToken.objects.get()
    tag = ""

    def poll():
        nonlocal tag
        answer = maria.get(LIVE, headers={"If-None-Match": tag})
        tag = answer.headers.get("ETag", tag)
        return answer.status_code

    assert (poll(), poll()) == (200, 304)
    answers.report_progress(token, {"percent": 40})
    assert (poll(), poll()) == (200, 304)
    engine.set_note(process.pk, note="called", by="maria")
    assert (poll(), poll()) == (200, 304)
    engine.pause(by="maria")
    assert (poll(), poll()) == (200, 304)
    run(begin >> boom, name="failing")
    assert poll() == 200


def test_a_poll_after_the_logout_stops():
    answer = Client().get(LIVE, headers={"HX-Request": "true"})

    assert answer.status_code == 286


def test_long_lists_are_cut_and_counted_no_further_than_needed(maria, monkeypatch):
    monkeypatch.setattr("workflows_app.console.overview.MOST", 12)
    monkeypatch.setattr(needs, "MOST", 12)
    for _ in range(14):
        run(begin >> boom)

    shown = section(maria, "failing")

    assert shown.count("Boom") == 10
    assert "11+" in shown
    assert "All that fail" in shown


def test_the_page_costs_the_same_number_of_queries_whatever_it_shows(
    maria, django_assert_max_num_queries
):
    counts = []
    for rows in (1, 12):
        while Process.objects.filter(status="suspended").count() < rows:
            run(begin >> reserve >> confirm, name="mine")
            run(begin >> boom, name="failing")
            run(begin >> sleep_step("Sleep", 60), name="waiting")
        for address in (HOME, LIVE):
            cache.clear()
            with django_assert_max_num_queries(18) as queries:
                maria.get(address)
            counts.append(len(queries))

    assert counts[:2] == counts[2:]
