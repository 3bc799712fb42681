"""Pages of a long list, newest first, each read from where the one before it ended.

A page is named by the row that it follows, or precedes, so it costs the same however far down it
is, nothing is counted, and rows that are added meanwhile neither repeat nor hide others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"([fb])([0-9]{1,16})\.([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row by its instant and its key, and on which side of it the page is."""

    at: datetime
    pk: int
    backwards: bool = False

    def __str__(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        return f"{'fb'[self.backwards]}{micros}.{self.pk}"

    @classmethod
    def of(cls, text: str) -> "Cursor | None":
        """Read a cursor from an address; None if it is none."""
        found = _FORM.fullmatch(text)
        if not found:
            return None
        at = _EPOCH + timedelta(microseconds=int(found[2]))
        return cls(at, int(found[3]), backwards=found[1] == "b")


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows in order, and where the pages before and after them begin."""

    rows: list[M]
    previous: Cursor | None
    next: Cursor | None


def page(rows: QuerySet[M], cursor: Cursor | None, *, by: str, size: int) -> Page[M]:
    """Return ``size`` rows after the cursor, or before it. One query.

    Args:
        by: the column with the rows' instants; an index on it and the key serves.
    """
    backwards = cursor is not None and cursor.backwards
    sign = "" if backwards else "-"
    found = list(_beyond(rows, cursor, by).order_by(f"{sign}{by}", f"{sign}pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page([], None, None)
    first = Cursor(getattr(found[0], by), found[0].pk, backwards=True)
    last = Cursor(getattr(found[-1], by), found[-1].pk)
    return Page(
        found,
        previous=first if cursor and (more or not backwards) else None,
        next=last if more or backwards else None,
    )


def pages(rows: QuerySet[M], *, by: str, size: int) -> Iterator[list[M]]:
    """Return all pages, one after the other, so that memory does not grow."""
    cursor: Cursor | None = None
    while True:
        found = page(rows, cursor, by=by, size=size)
        yield found.rows
        cursor = found.next
        if cursor is None:
            return


def _beyond(rows: QuerySet[M], cursor: Cursor | None, by: str) -> QuerySet[M]:
    if cursor is None:
        return rows
    side = "gt" if cursor.backwards else "lt"
    bounds: dict[str, Any] = {f"{by}__{side}e": cursor.at}
    beyond = Q(**{f"{by}__{side}": cursor.at}) | Q(**{f"pk__{side}": cursor.pk})
    return rows.filter(beyond, **bounds)
