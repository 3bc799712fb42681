"""Pages of a list: every row once, in both directions, whatever happens between two of them."""

from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings, strategies as st

from tests.labels import label
from tests.workflows_app.lists import made
from workflows_app import keyset
from workflows_app.keyset import Cursor, Page
from workflows_app.models import Process, ProcessEvent

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
FIRST, SECOND, THIRD = "first", "second", "third"
PARTS = [FIRST, SECOND, THIRD]
ENDS = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
ORDERS = pytest.mark.parametrize("by", ["at", ""], ids=["by instant", "by key"])


def add(*minutes: int, part: str = FIRST) -> list[int]:
    """Add a row at each of the minutes, and return their keys."""
    rows = (
        ProcessEvent(actor="maria", action=part, at=NOON + timedelta(minutes=minute))
        for minute in minutes
    )
    return [row.pk for row in ProcessEvent.objects.bulk_create(rows)]


def parts(*names: str) -> list[QuerySet[ProcessEvent] | None]:
    return [ProcessEvent.objects.filter(action=name) if name else None for name in names]


def keys(page: Page[ProcessEvent]) -> list[int]:
    return [row.pk for row in page.rows]


def turn(
    found: list[QuerySet[ProcessEvent] | None], at: Cursor | None = None, by="at", size=2, **options
):
    """Return the page that an address with the cursor names."""
    at = keyset.cursor(str(at)) if at else None
    return keyset.page(found, by=by, size=size, at=at, **options)


def forwards(found, by="at", size=2) -> list[Page[ProcessEvent]]:
    pages = [turn(found, by=by, size=size)]
    while pages[-1].next:
        pages.append(turn(found, pages[-1].next, by, size))
    return pages


def backwards(found, last: Page[ProcessEvent], by="at", size=2) -> list[Page[ProcessEvent]]:
    pages = [last]
    while pages[-1].previous:
        pages.append(turn(found, pages[-1].previous, by, size))
    return pages


@ORDERS
def test_the_pages_lead_through_all_rows_and_back(by):
    one, two, three, four, five = add(1, 2, 3, 4, 5)

    there = forwards(parts(FIRST), by)
    back = backwards(parts(FIRST), there[-1], by)

    assert [keys(page) for page in there] == [[five, four], [three, two], [one]]
    assert [keys(page) for page in back[::-1]] == [keys(page) for page in there]
    assert there[0].previous is None
    assert there[-1].next is None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_page_leads_nowhere(count):
    added = add(*range(count))

    page = turn(parts(FIRST))

    assert (keys(page), page.previous, page.next) == (added[::-1], None, None)


def test_rows_of_one_instant_are_ordered_by_their_keys():
    added = add(*[1] * 7)

    there = forwards(parts(FIRST))

    assert list(chain.from_iterable(map(keys, there))) == added[::-1]
    assert list(keyset.pages(parts(FIRST), by="at", size=7)) == [
        [row for page in there for row in page.rows]
    ]


@ORDERS
def test_parts_follow_each_other_and_share_pages(by):
    third, first, second = add(9, 8, part=THIRD), add(1, 2, 3), add(5, part=SECOND)
    found = parts(FIRST, "", SECOND, "nothing", THIRD)
    wanted = [*first[::-1], *second, *(third if by else third[::-1])]

    there = forwards(found, by)
    back = backwards(found, there[-1], by)

    assert [keys(page) for page in there] == [wanted[:2], wanted[2:4], wanted[4:]]
    assert [keys(page) for page in back[::-1]] == [keys(page) for page in there]


def test_rows_that_are_added_or_removed_meanwhile_neither_repeat_nor_hide_others():
    one, two, three, four, five, six = add(1, 2, 3, 4, 5, 6)
    first = turn(parts(FIRST))
    add(7, 8)
    ProcessEvent.objects.filter(pk__in=[five, three]).delete()  # The cursor's own row is one.

    second = turn(parts(FIRST), first.next)
    third = turn(parts(FIRST), second.next)

    assert (keys(second), keys(third)) == ([four, two], [one])
    assert keys(turn(parts(FIRST), third.previous)) == [four, two]
    assert six in keys(turn(parts(FIRST), second.previous))


@pytest.mark.parametrize(("whole", "wanted"), [(True, [4, 3]), (False, [4])])
def test_rows_before_what_was_the_first_page_are_shown_on_a_page_that_is_the_first(whole, wanted):
    added = dict(zip([1, 2, 3], add(1, 2, 3), strict=True))
    at = Cursor(0, NOON + timedelta(minutes=3), added[3], backwards=True)
    added[4] = add(4)[0]

    page = turn(parts(FIRST), at, whole=whole)

    assert keys(page) == [added[minute] for minute in wanted]
    assert page.previous is None
    assert (
        keys(turn(parts(FIRST), page.next))
        == [added[minute] for minute in (3, 2, 1) if minute not in wanted][:2]
    )


def test_going_back_from_rows_that_are_all_gone_is_the_first_page():
    (one,) = add(1)
    page = turn(parts(FIRST), Cursor(0, NOON + timedelta(hours=1), one, backwards=True))

    assert (keys(page), page.previous, page.next) == ([one], None, None)


def test_going_on_beyond_the_last_row_is_an_empty_page():
    add(1)

    assert turn(parts(FIRST), Cursor(0, NOON, 0)) == Page([])


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "f", "f0", "f0.", "f0..5", "0.1.5", "x0.1.5", "f0.1.5 ", "f0.1.5\n", "\0",
        "f00.1.5", "f0.1.-5", "f0.1.٣", f"f0.1.{'9' * 19}", f"f0.{'9' * 19}.5", f"f0.{'9' * 18}.5",
        f"f0.-{'9' * 18}.5", f"b0.1.{'z' * 32}", f"b0.1.{'0' * 31}",
    ],
    ids=label,
)  # fmt: skip
def test_garbage_is_no_cursor(text):
    assert keyset.cursor(text) is None


@pytest.mark.parametrize(
    "text",
    ["f1.1.5", "b9.1.5", "f0.5", f"f0.1.{'0' * 32}", f"b0.{'0' * 32}"],
    ids=label,
)
def test_a_cursor_of_another_list_is_the_first_page(text):
    add(1, 2, 3)

    assert turn(parts(FIRST), keyset.cursor(text)) == turn(parts(FIRST))


@pytest.mark.parametrize("text", ["f0.1.5", f"f0.{'0' * 32}"])
def test_a_cursor_with_an_instant_is_of_no_list_without(text):
    add(1, 2, 3)

    assert turn(parts(FIRST), keyset.cursor(text), by="") == turn(parts(FIRST), by="")


@pytest.mark.parametrize("direction", ["f", "b"])
@pytest.mark.parametrize("at", ENDS)
def test_the_ends_of_time_and_of_the_keys_can_be_asked_for(direction, at):
    add(1, 2)
    cursor = Cursor(0, at, 10**18 - 1, direction == "b")

    assert keyset.cursor(str(cursor)) == cursor
    page = turn(parts(FIRST), cursor)
    beyond_all = direction == "f" and at == ENDS[0]
    assert len(page.rows) == (0 if beyond_all else 2)


def test_rows_may_be_tuples_with_uuids_as_keys():
    processes = made(*["completed"] * 3, created_at=NOON)
    columns = Process.objects.values_list("pk", "created_at", named=True)
    wanted = sorted((row.pk for row in processes), key=lambda pk: pk.int, reverse=True)

    first = keyset.page([columns], by="created_at", size=2)
    second = keyset.page([columns], by="created_at", size=2, at=keyset.cursor(str(first.next)))

    assert [row.pk for row in (*first.rows, *second.rows)] == wanted
    assert isinstance(second.previous and second.previous.pk, UUID)


def test_only_what_a_page_shows_is_asked_for():
    add(1, 2, 3)
    last = Cursor(1, NOON, 10**9)

    def asked(*names: str, at: Cursor | None = None) -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            turn(parts(*names), at)
        return [query["sql"] for query in queries]

    assert len(asked(FIRST, SECOND)) == 1
    assert len(asked("", FIRST, "")) == 1
    assert len(asked("", SECOND, THIRD)) == 2
    assert len(asked(FIRST, SECOND, at=last)) == 1
    assert asked("", "") == []
    for sql in asked(FIRST, SECOND, at=last):
        assert "COUNT" not in sql
        assert "OFFSET" not in sql
        assert '"at" <= ' in sql, "the bound that lets the index begin there"


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(PARTS)), max_size=12),
    size=st.integers(1, 5),
    by=st.sampled_from(["at", ""]),
)
def test_walking_over_any_rows_yields_each_once_there_and_back(rows, size, by):
    ProcessEvent.objects.all().delete()
    added = [(part, minute if by else 0, add(minute, part=part)[0]) for minute, part in rows]
    wanted = [
        pk
        for name in PARTS
        for part, _minute, pk in sorted(added, key=lambda row: row[1:], reverse=True)
        if part == name
    ]
    found = parts(*PARTS)

    there = forwards(found, by, size)
    back = backwards(found, there[-1], by, size)

    assert list(chain.from_iterable(map(keys, there))) == wanted
    assert [keys(page) for page in back[::-1]] == [keys(page) for page in there]
    assert [[row.pk for row in rows] for rows in keyset.pages(found, by=by, size=size)] == [
        keys(page) for page in there
    ]
