"""The page of one process: where it is, what each step did, and what can be done about it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.engine import drain, run
from tests.workflows_app.console import boom, confirm, reserve, signed_in, text
from workflows_app import begin, conditional, engine, sleep_step, step, step_group
from workflows_app.console.differences import patched
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


# What a step changed.


def words(html: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@step("Order")
def order():
    saps = [{"vlan": 100, "port": "a"}, {"vlan": 101, "port": "b"}]
    return {"order": {"saps": saps, "tags": ["x"], "gone": 1}, "config": "mtu 9000\nunit 1\n"}


@step("Change")
def change(order, config):
    order["saps"][1]["vlan"] = 102
    order["tags"].insert(0, "new")
    del order["gone"]
    return {"order": order, "config": config.replace("9000", "1500"), "fresh": True}


def test_a_patch_reads_as_the_places_and_lines_that_changed(maria):
    process = run(begin >> order >> change)
    row = process.steps.get(path="Change")

    page = text(maria.get(url(process)))
    part = words(page[page.index(f'id="step-{row.pk}"') : page.index(f'id="state-{row.pk}"')])

    assert "saps.1.vlan 101 → 102" in part
    assert "tags.0 + new" in part
    assert "gone - 1" in part
    assert "- mtu 9000 + mtu 1500 unit 1" in part
    assert "fresh true" in part
    assert "port" not in part.split("the whole value")[0]


def test_two_states_are_compared(maria):
    process = run(begin >> order >> change)

    page = maria.get(url(process) + "?state=2&against=1")
    same = maria.get(url(process) + "?state=2&against=2")
    back = maria.get(url(process) + "?state=1&against=2")

    assert "saps.1.vlan 101 → 102" in words(text(page))
    assert '<option value="1" selected>2 · Order</option>' in text(page)
    assert "Both states are the same." in text(same)
    assert "fresh true → gone" in words(text(back))


@pytest.mark.parametrize("position", ["", "x", "-1", "99", "9" * 400, "\0", "٣", "1.0"])
def test_there_is_no_state_at_a_position_that_is_none(maria, position):
    process = run(begin >> reserve)

    assert maria.get(url(process), {"state": position}).status_code == 404
    assert maria.get(url(process), {"state": "1", "against": position}).status_code == 200


def test_what_is_masked_is_in_no_difference(maria):
    @step("Log in")
    def log_in():
        return {"login": {"password": "first-secret", "user": "noc"}, "password": "first-secret"}

    @step("Change password")
    def change_password():
        return {"login": {"password": "other-secret", "user": "ops"}, "password": "other-secret"}

    process = run(begin >> log_in >> change_password)

    page = text(maria.get(url(process)))
    states = text(maria.get(url(process) + "?state=2&against=1"))

    assert "user noc → ops" in words(page)
    assert "-secret" not in page + states


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ([1, 2, 3], [1, 3], [("1", "2", None)]),
        ([1, 2], [1, 5, 2], [("1", None, "5")]),
        ({"a": [{"b": 1}]}, {"a": [{"b": True}]}, [("a.0.b", "1", "true")]),
        ({"a": 1}, {"a": 1.0}, [("a", "1", "1.0")]),
        ({"a": None}, {}, [("a", "null", None)]),
        ([{"a": 1}], [2], [("0", '{"a": 1}', "2")]),
        ([1], {"a": 1}, []),
    ],
)
def test_only_the_places_that_changed_are_named(old, new, places):
    (difference,) = patched({"key": old}, {"key": new})

    found = [
        (place.path, place.old and place.old.text, place.new and place.new.text)
        for place in difference.places
    ]
    assert found == places


def test_a_difference_has_an_end():
    (lists,) = patched({"key": list(range(400))}, {"key": list(range(400, 800))})
    (texts,) = patched({"key": "a\n" * 400}, {"key": "b\n" * 400})
    (huge,) = patched({"key": "a\n" * 40_000}, {"key": "b\n" * 40_000})

    assert (len(lists.places), lists.cut) == (60, True)
    assert (len(texts.lines), texts.cut) == (60, True)
    assert not huge.detailed
