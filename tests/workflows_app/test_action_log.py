"""The action log: what is listed, found, unfolded and exported, and at what cost."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.engine import define, drain, run
from tests.workflows_app.console import ESCAPED, SCRIPT, boom, cost, reserve, signed_in, text
from workflows_app import begin, engine, keyset
from workflows_app.console.action_log import Filters
from workflows_app.models import ProcessEvent

pytestmark = pytest.mark.django_db(transaction=True)

LOG = "/admin/action-log/"


@pytest.fixture
def looker() -> Client:
    return signed_in("looker", "view_process")


def entry(**values) -> ProcessEvent:
    return ProcessEvent.objects.create(**{"actor": "maria", "action": "retried"} | values)


def rows(client: Client, query: str = "") -> list[str]:
    """Return the lines of the log, without their markup."""
    body = text(client.get(LOG + query)).partition("<tbody>")[2].partition("</tbody>")[0]
    lines = (re.sub(r"<[^>]*>", " ", row) for row in body.split("<tr>")[1:])
    return [" ".join(line.split()) for line in lines]


def why(client: Client, query: str = "") -> list[str]:
    """Return the reasons of the lines, which tell them apart."""
    return re.findall(r'class="al-why">([^<]*)<', text(client.get(LOG + query)))


def test_it_needs_a_staff_login_and_the_right_to_look():
    stranger = signed_in("stranger")

    for address in (LOG, f"{LOG}csv/"):
        assert stranger.get(address).status_code == 403
        assert Client().get(address)["Location"].startswith("/admin/login/")


def test_every_act_is_listed_newest_first(looker):
    process = run(begin >> reserve >> boom)
    engine.edit_state(process.pk, values={"vlan": 7}, by="piet", reason="a typo")
    engine.pause(by="maria", reason="upgrade")

    first, second, third = rows(looker)

    assert first.endswith("maria engine paused upgrade")
    assert "piet state edited Details vlan 1001 → 7 " in second
    assert f"example {str(process.pk)[:8]} a typo" in second
    assert f"maria started example {str(process.pk)[:8]}" in third
    assert f'href="{process.get_absolute_url()}"' in text(looker.get(LOG))


def test_an_empty_log_says_what_would_be_there(looker):
    assert "from the first process that is started" in text(looker.get(LOG))
    assert "No entry fits these filters." in text(looker.get(f"{LOG}?actor=nobody"))


def test_whatever_was_typed_is_text(looker):
    process = run(begin >> reserve >> boom)
    engine.edit_state(process.pk, values={SCRIPT: SCRIPT}, by=SCRIPT, reason=SCRIPT)

    page = text(looker.get(f"{LOG}?q={SCRIPT}&actor={SCRIPT}"))

    assert SCRIPT not in page
    assert page.count(ESCAPED) >= 6


# Filters


def test_filters_are_the_address(looker):
    process = run(begin >> reserve)
    entry(process=process, actor="piet", reason="one")
    entry(actor="SYSTEM", action="definition changed", process=process, reason="two")
    entry(actor="piet", action="engine paused", reason="three")

    assert why(looker, "?actor=piet") == ["three", "one"]
    assert why(looker, "?action=retried") == ["one"]
    assert why(looker, f"?process={process.pk}") == ["two", "one", ""]
    assert why(looker, f"?process={str(process.pk)[:8]}") == ["two", "one", ""]
    assert why(looker, "?q=THRE") == ["three"]
    assert why(looker, "?kind=people") == ["three", "one", ""]
    assert why(looker, "?kind=system") == ["two"]
    assert why(looker, "?kind=engine") == ["three"]
    assert why(looker, "?kind=people&actor=piet&q=one") == ["one"]
    page = text(looker.get(f"{LOG}?kind=people&actor=piet&q=one"))
    assert 'href="?kind=system&amp;actor=piet&amp;q=one"' in page
    assert 'name="kind" value="people"' in page
    assert "csv/?kind=people&amp;actor=piet&amp;q=one" in page


def test_dates_are_whole_days_where_the_reader_is(looker):
    for day in (1, 2, 3):
        entry(at=datetime(2026, 5, day, 23, 59, 59, tzinfo=UTC), reason=str(day))

    assert why(looker, "?since=2026-05-02") == ["3", "2"]
    assert why(looker, "?until=2026-05-02") == ["2", "1"]
    assert why(looker, "?since=2026-05-02&until=2026-05-02") == ["2"]


@pytest.mark.parametrize(
    "query",
    [
        "?since=yesterday",
        "?since=0001-01-01",
        "?until=9999-12-31",
        "?until=2026-02-30",
        "?kind=nonsense",
        "?at=nonsense",
        f"?at=f0.{'9' * 16}.{'9' * 18}",
        f"?at=f0.{'9' * 18}.1",
        "?actor=%00",
        "?q=%25",
    ],
)
def test_what_cannot_be_read_is_no_filter(looker, query):
    entry(reason="50 %")

    assert why(looker, query) == ["50 %"]


@pytest.mark.parametrize("query", ["?process=xyz", "?process=%2e%2e", f"?process={'a' * 40}"])
def test_what_is_no_process_has_no_entries(looker, query):
    entry()

    assert rows(looker, query) == []


def test_the_names_that_there_are_can_be_chosen(looker):
    entry(actor="piet", action="schedule changed")
    entry(actor="anna")

    page = text(looker.get(LOG))

    assert re.findall(r'<option value="(\w*)">(?!\w)', page) == ["anna", "piet"]
    assert '<option value="schedule changed">' in page


# What there is no process for


def test_what_a_deleted_process_did_says_so(looker):
    process = run(begin >> reserve, is_task=True)
    engine.delete(process.pk, by="maria", reason="tidy")

    deleted, started = rows(looker)

    assert f"example {str(process.pk)[:8]}, deleted tidy" in deleted
    assert started.endswith("started a process that has been deleted")


def test_the_engine_s_entries_have_no_process(looker):
    engine.pause(by="maria")
    entry(action="schedule changed")
    entry(action="set in sync", details={"subscription": "1"})

    assert not [row for row in rows(looker) if "deleted" in row]


# Details


def test_secrets_are_hidden(looker):
    process = run(begin >> reserve >> boom)
    engine.edit_state(
        process.pk,
        values={"password": "hunter2", "nested": {"token": "t0k3n"}},
        by="maria",
        reason="",
    )

    for address in (LOG, f"{LOG}csv/"):
        page = b"".join(looker.get(address)).decode()
        assert "hunter2" not in page, address
        assert "t0k3n" not in page, address
        assert "password" in page, address


def test_the_steps_of_a_changed_definition_are_named(looker):
    entry(
        action="definition changed",
        details={"before": [{"path": "A", "name": "A"}], "after": [{"path": "B", "name": "B"}]},
    )

    assert '["A"] → ["B"]' in rows(looker)[0].replace("&quot;", '"')


def test_a_note_is_shown_with_what_it_was(looker):
    process = run(begin >> reserve)
    engine.set_note(process.pk, note="first", by="maria")
    engine.set_note(process.pk, note="second", by="maria")

    assert "first → second" in rows(looker)[0]


# Pages


def test_the_log_has_pages_in_both_directions(looker, monkeypatch):
    monkeypatch.setattr("workflows_app.console.action_log.SIZE", 2)
    at = timezone.now()
    for number in range(5):
        entry(at=at + timedelta(seconds=number // 2), reason=str(number))

    seen, query = [], ""
    pages = []
    while True:
        page = text(looker.get(LOG + query))
        seen.append(why(looker, query))
        pages.append(query)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if not older:
            break
        query = older[1]
    assert seen == [["4", "3"], ["2", "1"], ["0"]]
    entry(at=at + timedelta(days=1), reason="added meanwhile")
    for expected in (["2", "1"], ["4", "3"], ["added meanwhile"]):
        newer = re.search(r'rel="prev" href="([^"]+)"', text(looker.get(LOG + query)))
        assert newer is not None
        query = newer[1]
        assert why(looker, query) == expected
    assert 'rel="prev"' not in text(looker.get(LOG))


def test_the_page_costs_the_same_whatever_it_shows(looker):
    entry()
    before = cost(looker, LOG)
    for number in range(20):
        process = engine.start(define(begin >> reserve, name=f"w{number}"), by="maria")
        entry(process=process, details={"before": {"a": 1}, "after": {"a": 2}})
    drain()

    assert len(rows(looker)) == 41
    assert cost(looker, LOG) == before < 17


# The file


def test_the_file_has_what_the_filters_leave(looker):
    process = run(begin >> reserve)
    entry(process=process, actor="=HYPERLINK(1)", reason='two "lines"\nhere')
    entry(action="engine paused")

    response = looker.get(f"{LOG}csv/?action=retried")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="action-log-\d{4}-\d\d-\d\d.csv"', response["Content-Disposition"]
    )
    head, line = csv.reader(io.StringIO(b"".join(response).decode()))
    assert head == ["at", "actor", "action", "reason", "process", "workflow", "details"]
    assert line[1:] == [
        "'=HYPERLINK(1)",
        "retried",
        'two "lines"\nhere',
        str(process.pk),
        "example",
        "",
    ]
    assert datetime.fromisoformat(line[0]).tzinfo


def test_the_file_has_every_page(looker):
    ProcessEvent.objects.bulk_create(ProcessEvent(actor="a", action="retried") for _ in range(1203))

    assert len(b"".join(looker.get(f"{LOG}csv/")).splitlines()) == 1204


# At a hundred thousand entries


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({}, "event_at"),
        ({"actor": "user7"}, "event_actor"),
        ({"action": "retried"}, "event_action"),
        ({"since": "2026-03-01", "until": "2026-03-02"}, "event_at"),
        ({"at": "f0.1772400000000000.5"}, "event_at"),
    ],
)
def test_pages_are_read_from_an_index(query, index):
    fill(100_000)
    filters = Filters(**query)

    begun = keyset._beyond(filters.rows(), keyset.cursor(filters.at), "at")
    plan = begun.order_by("-at", "-pk")[:51].explain(analyze=True)

    assert f"using {index} on" in plan, plan
    assert "Sort" not in plan, plan
    assert int(re.findall(r"rows=(\d+) loops=1", plan)[0]) <= 51


def fill(number: int) -> None:
    """Add so many entries of fifty people, a minute apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workflows_app_processevent (actor, action, at, reason, details) SELECT "
            "'user' || mod(n, 50), (ARRAY['started', 'resumed', 'retried', 'aborted'])"
            "[1 + mod(n, 4)], "
            "timestamptz '2026-01-01' + n * interval '1 minute', 'reason ' || n, '{}' "
            "FROM generate_series(1, %s) AS n",
            [number],
        )
        cursor.execute("ANALYZE workflows_app_processevent")
