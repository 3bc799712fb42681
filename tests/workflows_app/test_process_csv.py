"""The list as CSV: the rows and columns of the address, streamed, and harmless to a spreadsheet."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.engine import run
from tests.workflows_app.console import boom, signed_in
from tests.workflows_app.lists import LIST, made, subscribed
from workflows_app import begin
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)
CSV = LIST + "csv/"


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


def table(client: Client, query: str = "") -> list[dict[str, str]]:
    """Return the rows by the names of their columns."""
    response: Any = client.get(CSV + query)
    assert response.streaming
    content = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(content)))


def test_the_csv_has_what_the_list_shows_with_exact_times(maria):
    failed = run(begin >> boom)
    Process.objects.filter(pk=failed.pk).update(note="ticket 4711")
    (completed,) = made("completed", created_by="piet")
    subscribed(completed, "L2VPN 1", "surf")

    rows = table(maria)

    assert [row["id"] for row in rows] == [str(failed.pk), str(completed.pk)]
    assert rows[0]["status"] == "failed"
    assert rows[0]["says"].startswith("Boom: no light")
    assert (rows[0]["workflow"], rows[0]["note"]) == ("example", "ticket 4711")
    assert (rows[1]["subject"], rows[1]["customer"]) == ("L2VPN 1", "surf")
    assert rows[1]["created_by"] == "piet"
    assert rows[1]["created_at"] == completed.created_at.isoformat(timespec="seconds")
    assert rows[0]["finished_at"] == ""
    assert "target" not in rows[0]


def test_the_csv_has_the_filters_the_order_and_the_columns_of_the_address(maria):
    failed, _completed, newer = made("failed", "completed", "failed")

    rows = table(maria, "?status=failed&cols=target,kind,step,assignee,product&sort=newest")

    assert [row["id"] for row in rows] == [str(failed.pk), str(newer.pk)]
    assert list(rows[0]) == [
        "id", "status", "says", "product", "target", "is_task", "step", "assignee",
        "created_at", "modified_at", "finished_at",
    ]  # fmt: skip
    assert (rows[0]["target"], rows[0]["is_task"]) == ("CREATE", "false")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(maria, first):
    (process,) = made("completed", note=f'{first}HYPERLINK("http://x")', created_by=f"{first}me")
    subscribed(process, f"{first}cmd", f"{first}customer")

    (row,) = table(maria)

    assert row["note"] == f"'{first}" + 'HYPERLINK("http://x")'
    assert row["created_by"] == f"'{first}me"
    assert (row["subject"], row["customer"]) == (f"'{first}cmd", f"'{first}customer")


def test_the_csv_is_read_in_pages_and_costs_so_many_queries_a_page(maria, monkeypatch):
    monkeypatch.setattr("workflows_app.console.export.SIZE", 20)
    made(*["completed"] * 35, *["failed"] * 10)
    statements: list[str] = []

    def note(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        rows = table(maria)

    assert len({row["id"] for row in rows}) == 45
    assert len(statements) < 60


def test_who_may_not_look_gets_no_csv():
    assert signed_in("stranger").get(CSV).status_code == 403
    assert Client().get(CSV).status_code == 302


def test_a_list_without_rows_is_a_csv_with_a_heading(maria):
    content = b"".join(maria.get(CSV).streaming_content).decode()

    assert content.startswith("id,status,says,workflow,subject,note,")
    assert content.count("\n") == 1
