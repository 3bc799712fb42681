"""How many processes have which status, as far as anybody wants to know."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection

from workflows_app.console.filters import STATUS_LABELS, Filters

MOST = 1000  # Nobody needs to know how many more there are, and counting them all is slow.
_OPEN = ("failed", "suspended", "awaiting_callback", "waiting", "running")


def counts(filters: Filters, user: Any) -> dict[str, str]:
    """Return how many processes each chip of a status would show. One query, none in a search.

    Each status is counted from its index, and no further than ``MOST``.
    """
    if filters.q:
        return {}
    queries = {
        status: _query(replace(filters, status=status), user)
        for status in STATUS_LABELS
        if status not in ("", "open")
    }
    found = dict.fromkeys(queries, 0) | _count(queries)
    found["open"] = sum(found[status] for status in _OPEN)
    return {status: shown(number) for status, number in found.items()}


def shown(number: int) -> str:
    """Return a count as a chip has it.

    >>> shown(0), shown(999), shown(MOST)
    ('0', '999', '999+')
    """
    return str(number) if number < MOST else f"{MOST - 1}+"


def _query(filters: Filters, user: Any) -> tuple[str, tuple[Any, ...]]:
    rows = filters.rows(user).order_by().values("pk")[:MOST]
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return "", ()
    return sql, tuple(params)


def _count(queries: Mapping[str, tuple[str, tuple[Any, ...]]]) -> dict[str, int]:
    asked = {status: query for status, query in queries.items() if query[0]}
    if not asked:
        return {}
    parts = (f"(SELECT COUNT(*) FROM ({sql}) counted)" for sql, _ in asked.values())  # noqa: S608 - compiled by Django, its values are parameters.
    params = [value for _, values in asked.values() for value in values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        return dict(zip(asked, cursor.fetchone(), strict=True))
