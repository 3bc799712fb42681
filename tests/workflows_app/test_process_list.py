"""The list of processes: its pages, its lines, its filters, its counts, and what it costs."""

from itertools import chain
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.labels import label
from tests.workflows_app.console import SCRIPT, join, signed_in, text
from tests.workflows_app.lists import LIST, cells, ids, made, shown, subscribed
from workflows_app import keyset
from workflows_app.console.listing import parts
from workflows_app.models import Process, SavedFilter, Workflow
from workflows_app.selection import Selection

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


@pytest.fixture
def looker() -> Client:
    return signed_in("looker", "view_process")


@pytest.fixture
def two_a_page(monkeypatch):
    monkeypatch.setattr("workflows_app.console.listing.SIZE", 2)


def walk(client: Client, direction: str, query: str = "") -> list[list[str]]:
    """Follow the links to the next or the previous pages, and return what each page shows."""
    pages = []
    while True:
        response = client.get(LIST + query)
        pages.append([str(line.process.pk) for line in response.context["lines"]])
        query = response.context[direction]
        if not query:
            return pages


# Pages.


def test_what_needs_attention_comes_first_and_each_part_is_newest_first(maria):
    statuses = ["completed", "running", "failed", "suspended", "aborted", "waiting", "failed"]
    completed, running, failed, suspended, aborted, waiting, failed_too = made(*statuses)

    wanted = [suspended, failed, failed_too, running, waiting, completed, aborted]

    assert shown(maria) == ids(wanted)
    assert shown(maria, "?sort=newest") == ids([
        completed, running, failed, suspended, aborted, waiting, failed_too,
    ])  # fmt: skip


@pytest.mark.parametrize("sort", ["", "newest"])
def test_the_pages_lead_through_the_whole_list_and_back(maria, two_a_page, sort):
    statuses = ["failed", "completed", "suspended", "waiting", "completed", "failed", "aborted"]
    made(*statuses)
    found = parts(Selection().rows(User.objects.get()), sort)
    everything = [str(key.pk) for key in keyset.page(found, by="created_at", size=50).rows]

    forwards = walk(maria, "next", f"?sort={sort}")
    response = maria.get(LIST + f"?sort={sort}")
    while response.context["next"]:
        response = maria.get(LIST + response.context["next"])
    backwards = walk(maria, "previous", response.wsgi_request.get_full_path().removeprefix(LIST))

    assert list(chain.from_iterable(forwards)) == everything
    assert [len(page) for page in forwards] == [2, 2, 2, 1]
    assert backwards[::-1] == forwards


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "f0", "f9.1.00", "\0", "f0.99999999999999999999." + "0" * 32, "b0.1." + "z" * 32],
    ids=label,
)
def test_a_cursor_that_is_none_is_the_first_page(maria, cursor):
    rows = made("completed", "failed")

    assert shown(maria, f"?cursor={cursor}") == ids([rows[1], rows[0]])


def test_the_cursor_of_another_order_is_the_first_page(maria):
    made("completed")

    assert len(shown(maria, "?sort=newest&cursor=f3.1." + "0" * 32)) == 1


@pytest.mark.parametrize("sort", ["", "newest"])
def test_a_page_far_down_is_read_from_an_index(maria, sort):
    made(*["completed"] * 300, *["failed"] * 10)
    rows = Selection().rows(User.objects.get())
    half = Process.objects.order_by("-created_at")[150]
    rank = 3 if sort == "" else 0
    at = keyset.Cursor(rank, half.created_at, half.pk)
    plans: list[str] = []

    def explain(execute, sql, params, many, context):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.cursor.execute("SET enable_seqscan = off")  # The table is too small.
                cursor.cursor.execute(f"EXPLAIN {sql}", params)
            else:
                cursor.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plans.append("\n".join(str(row[-1]) for row in cursor.cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        keyset.page(parts(rows, sort), by="created_at", size=50, at=at)

    assert len(plans) == 1
    assert "process_newest" in plans[0] or "process_status" in plans[0]
    assert "TEMP B-TREE" not in plans[0]


# What a line says.


def test_a_line_says_what_it_is_about_and_whose_it_is(maria):
    plain, one, many = made("completed", "completed", "completed")
    Process.objects.filter(pk=plain.pk).update(note="ticket 4711")
    subscribed(one, "L2VPN 1001", "surf")
    subscribed(many, "L2VPN 1", "surf")
    subscribed(many, "L2VPN 2", "library")
    subscribed(many, "L2VPN 3", "surf")

    found = [row[2:4] for row in cells(maria)]

    assert found == [
        ["made · ticket 4711", ""],
        ["made · L2VPN 1001", "surf"],
        ["made · L2VPN 1 and 2 more", "surf and others"],
    ]


def test_who_may_not_see_subscriptions_sees_neither_them_nor_their_customers(looker):
    (process,) = made("completed")
    subscribed(process, "L2VPN 1001", "surf")

    page = text(looker.get(LIST + "?cols=what,customer,product,id"))

    assert "L2VPN" not in page
    assert "surf" not in page
    assert ">Customer<" not in page
    assert shown(looker, "?customer=surf") == shown(looker, "?product=L2VPN") == []
    assert shown(looker, "?q=surf") == []
    assert "L2VPN" not in "".join(map(str, looker.get(LIST + "csv/?cols=customer")))


def test_what_comes_from_outside_is_escaped(maria):
    (process,) = made("completed", note=SCRIPT, created_by=SCRIPT)
    subscribed(process, SCRIPT, SCRIPT, product=SCRIPT)

    columns = ",".join(["what", "customer", "product", "created_by"])
    page = text(maria.get(LIST + f"?cols={columns}&q={SCRIPT}&customer={SCRIPT}"))

    assert SCRIPT not in page


def test_the_columns_are_chosen_in_the_address_and_remembered(maria):
    made("completed")

    def heads() -> list[str]:
        return [name for name, _label in maria.get(LIST + query).context["columns"]]

    query = ""
    assert heads() == ["what", "customer", "created_by", "since", "id"]
    query = "?cols=id&cols=target,nonsense"
    assert heads() == ["target", "id"]
    query = ""
    assert heads() == ["target", "id"]
    query = "?cols=" + ",".join(name for name, _ in maria.get(LIST).context["all_columns"])
    assert len(heads()) == 12


# Filters.


def test_each_filter_leaves_what_fits(maria):
    first, second = made("completed", "failed")
    task = made("completed", name="clean", is_task=True, created_by="piet")[0]
    Workflow.objects.filter(name="clean").update(target="SYSTEM")
    suspended = made("suspended", assignee="NOC")[0]
    subscribed(first, "L2VPN 1", "surf")
    subscribed(second, "IP 1", "library", product="IP")

    for query, wanted in {
        "?kind=task": [task],
        "?workflow=clean": [task],
        "?target=SYSTEM": [task],
        "?created_by=piet": [task],
        "?assignee=NOC": [suspended],
        "?customer=surf": [first],
        "?product=IP": [second],
        "?status=failed&kind=workflow&customer=library": [second],
        "?customer=surf&product=IP": [],
        "?started_after=2999-01-01": [],
        "?started_before=1999-01-01T10:00": [],
    }.items():
        assert shown(maria, query) == ids(wanted), query
    assert len(shown(maria, "?started_after=1999-01-01&started_before=2999-01-01")) == 4


@pytest.mark.parametrize(
    "query",
    [
        "started_after=soon", "started_before=2026-02-30", "started_after=0001-01-01",
        "started_before=9999-12-31T23:59:59-12:00", "target=NONE", "status=x&kind=y&sort=z",
        "cols=nonsense", "page=2", "q=%00&customer=%00",
    ],
)  # fmt: skip
def test_what_no_filter_can_be_is_none(maria, query):
    made("completed")

    assert len(shown(maria, f"?{query}")) == 1


def test_dates_are_those_of_the_reader(maria):
    (process,) = made("completed")
    local = process.created_at.astimezone(ZoneInfo("Pacific/Auckland"))

    with timezone.override("Pacific/Auckland"):
        rows = Selection(started_after=str(local.date())).rows(User.objects.get())
        earlier = Selection(started_before=str(local.date())).rows(User.objects.get())

    assert (rows.count(), earlier.count()) == (1, 0)


def test_mine_is_what_i_started_or_my_groups_wait_for(looker):
    made("completed")
    join("looker", "NOC")
    (for_me,) = made("suspended", assignee="NOC")

    assert shown(looker, "?mine=1") == ids([for_me])


# Saved filters.


def save(client: Client, name: str, query: str, **more: str):
    data = {"name": name, "query": query} | more
    return client.post(reverse("workflows:save_filter"), data, follow=True)


def test_a_filter_is_saved_under_a_name_and_led_to_by_a_chip(maria):
    made("completed", "failed")

    response = save(maria, " Broken ", "?status=failed&cols=id&cursor=f0.1." + "0" * 32)

    (chip,) = response.context["saved"]
    assert (chip.name, chip.on, chip.deletable) == ("Broken", True, True)
    assert parse_qs(chip.url.removeprefix("?")) == {"status": ["failed"], "cols": ["id"]}
    save(maria, "Broken", "?status=aborted")
    assert SavedFilter.objects.get().query == "?status=aborted"
    maria.post(reverse("workflows:delete_filter", args=[chip.id]))
    assert not SavedFilter.objects.exists()


def test_only_who_may_shares_a_filter_or_deletes_a_shared_one(maria, looker):
    save(looker, "Own", "?status=failed", shared="1")
    save(maria, "All", "?status=open", shared="1")
    save(maria, "Private", "")
    shared, own = SavedFilter.objects.get(name="All"), SavedFilter.objects.get(name="Own")

    seen = {chip.name: chip for chip in looker.get(LIST).context["saved"]}
    response = looker.post(reverse("workflows:delete_filter", args=[shared.pk]), follow=True)
    maria.post(reverse("workflows:delete_filter", args=[own.pk]))

    assert not own.shared
    assert seen.keys() == {"All", "Own"}
    assert (seen["All"].shared_by, seen["All"].deletable) == ("maria", False)
    assert "no such filter" in text(response)
    assert SavedFilter.objects.filter(name__in=["All", "Own"]).count() == 2


@pytest.mark.parametrize("name", ["", "\0", "  "])
def test_a_filter_without_a_name_is_not_saved(maria, name):
    assert "needs a name" in text(save(maria, name, "?status=failed"))
    assert not SavedFilter.objects.exists()


def test_nobody_saves_filters_without_end(maria, monkeypatch):
    monkeypatch.setattr("workflows_app.console.saved.MOST", 1)
    save(maria, "One", "")

    assert "delete one first" in text(save(maria, "Two", ""))
    save(maria, "One", "?kind=task")
    assert SavedFilter.objects.get().query == "?kind=task"


# Counts.


def count(client: Client, query: str = "") -> dict[str, str]:
    chips = client.get(LIST + query).context["statuses"]
    return {chip.label: chip.count for chip in chips if chip.count not in ("", "0")}


def test_the_chips_count_what_they_would_show(maria):
    made("completed", "failed", "api_unavailable", "suspended", "running", "waiting", "aborted")
    made("failed", is_task=True)

    assert count(maria) == {
        "Open": "6", "Needs me": "1", "Failed": "3", "Suspended": "1", "Waiting": "1",
        "Running": "1", "Completed": "1", "Aborted": "1",
    }  # fmt: skip
    assert count(maria, "?kind=task&status=completed") == {"Open": "1", "Failed": "1"}
    assert count(maria, "?q=anything") == {}


def test_counting_ends_where_it_does_not_matter_any_more(maria, monkeypatch):
    monkeypatch.setattr("workflows_app.console.counts.MOST", 3)
    made("failed", "failed", "completed", "completed", "completed", "completed")

    assert count(maria) == {"Open": "2", "Failed": "2", "Completed": "2+"}


def test_a_poll_brings_the_counts_and_is_a_304_as_long_as_they_stay(maria):
    made("completed")
    tag = maria.get(LIST).context["listing"].tag

    def poll():
        return maria.get(reverse("workflows:rows"), headers={"If-None-Match": f'"{tag}"'})

    assert poll().status_code == 304
    made(*["completed"] * 60, created_at=timezone.now().replace(year=2001))
    assert 'hx-swap-oob="true"' in text(poll())
    assert "61" in text(poll())


# What it costs.


@pytest.mark.parametrize("query", ["", "?status=failed", "?sort=newest", "?q=made&customer=surf"])
@pytest.mark.parametrize("page", [LIST, "/admin/processes/rows/"])
def test_the_list_costs_the_same_number_of_queries_whatever_its_length(
    maria, page, query, django_assert_max_num_queries
):
    spent = []
    for count in (1, 12):
        for process in made(*["failed", "suspended", "waiting", "aborted"] * count):
            subscribed(process, "L2VPN", "surf")
        maria.get(page + query)
        with django_assert_max_num_queries(40) as queries:
            maria.get(page + query)
        spent.append(len(queries))

    assert spent[0] == spent[1]
    assert spent[0] <= (26 if page == LIST else 18), spent


def test_nothing_but_what_a_page_shows_is_read(maria):
    made(*["completed"] * 200)
    statements = []

    def note(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        maria.get(LIST)

    counting = [sql for sql in statements if "COUNT(*)" in sql]
    assert counting
    assert all("LIMIT" in sql for sql in counting)
    assert not any("OFFSET" in sql for sql in statements)
