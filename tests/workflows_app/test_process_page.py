"""The page of one process: where it is, what each step did, and what can be done about it."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.engine import drain, run
from tests.workflows_app.console import boom, confirm, reserve, signed_in, text
from workflows_app import begin, conditional, engine, sleep_step, step, step_group
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


def url(process: Process, page: str = "process") -> str:
    return reverse(f"workflows:{page}", args=[process.pk])


def named(name: str):
    return step(name)(lambda: {"n": 1})


# The graph.


def states(page: str) -> dict[str, str]:
    """Return how each step stands in the first of the drawings."""
    drawing = re.search(r"<svg class=\"wp-svg\".*?</svg>", page, re.DOTALL)
    assert drawing
    found = re.findall(r'class="wp-node wp-(\w+) .*?<title>(.*?)</title>', drawing[0], re.DOTALL)
    return {said: state for state, said in found}


def test_the_graph_shows_what_is_done_where_the_process_is_and_what_is_to_come(maria):
    chain = begin >> reserve >> conditional(lambda _state: False, name="new")(named("Book"))
    process = run(chain >> confirm >> sleep_step("Soak", 60), name="one")
    failed = run(begin >> reserve >> boom, name="two")

    page = text(maria.get(url(process)))

    assert states(page) == {
        "Start: done": "done",
        "Reserve VLAN: done": "done",
        "If new: Book (condition): done": "done",
        "Book: skipped": "skipped",
        "Confirm results (form): suspended": "here",
        "Soak (timer): to come": "rest",
        "Done: to come": "rest",
    }
    assert 'aria-label="Step 5 of 7: Confirm results, suspended."' in page
    assert states(text(maria.get(url(failed))))["Boom: failed"] == "failed"


def test_every_step_of_the_graph_leads_to_its_line(maria):
    process = run(begin >> reserve >> step_group("Both", named("A") >> confirm))

    page = text(maria.get(url(process)))

    targets = set(re.findall(r'<a class="wp-node.*?href="#([^"]+)"', page))
    assert len(targets) == 5
    assert targets <= set(re.findall(r'<li id="([^"]+)"', page))


def test_the_clean_up_is_drawn_apart(maria):
    process = run(begin >> sleep_step("Sleep", 60), cleanup=reserve)
    assert "Clean-up</text>" not in text(maria.get(url(process)))
    engine.abort(process.pk, by="maria")

    cleaning = text(maria.get(url(process)))
    drain()
    clean = text(maria.get(url(process)))

    assert "Clean-up</text>" in cleaning
    assert states(cleaning)["Reserve VLAN: next"] == "here"
    assert states(clean)["Reserve VLAN: done"] == "done"
    assert "2 of 3 steps have run; the process is aborted." in clean


# Live.


def polled(client: Client, process: Process) -> str:
    return re.search(r'id="live".*?hx-trigger="every (\w+)', text(client.get(url(process))))[1]  # type: ignore[index]


def test_the_page_asks_often_while_steps_run_and_rarely_when_long_parked(maria):
    process = run(begin >> reserve >> confirm)
    assert polled(maria, process) == "1s"

    parked = timezone.now() - timedelta(hours=1)
    Process.objects.update(modified_at=parked)
    assert polled(maria, process) == "3s"

    Process.objects.update(status="resumed", due_at=timezone.now())
    assert polled(maria, process) == "500ms"


def test_the_page_says_whether_it_is_live(maria):
    assert '"wc-quiet">ended</span>' in text(maria.get(url(run(begin >> reserve, name="one"))))
    assert '"wc-quiet">ended</span>' not in text(
        maria.get(url(run(begin >> reserve >> confirm, name="two")))
    )


def test_a_poll_that_finds_nothing_new_costs_three_statements(maria):
    process = run(begin >> reserve >> confirm)
    tag = maria.get(url(process, "live"))["ETag"]

    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = maria.get(url(process, "live"), headers={"If-None-Match": tag})

    assert answer.status_code == 304
    told = [query["sql"] for query in queries if "workflows_app_" in query["sql"]]
    assert len(told) == 3
    assert len(queries) == 5  # With the session and its user.
