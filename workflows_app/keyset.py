"""Pages of a long list, each read from where the one before it ended.

Note [Pages]
~~~~~~~~~~~~
A list is a sequence of parts, each a query, and all ordered alike: by an instant and the primary
key, or by the primary key alone, the greatest first. A page is named by the row that it follows
(or precedes), not by a number, so it costs the same however far down it is, nothing is counted,
and rows that are added meanwhile neither repeat nor hide others. A part is asked only if those
before it do not fill the page, and never if it is None, as it cannot have rows.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet, UUIDField

R = TypeVar("R")  # A row: a model's, or a named tuple, with ``pk`` and the instant.

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([fb])([0-9])\.(?:(-?[0-9]{1,18})\.)?([0-9a-f]{32}|[0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row that a page follows, or precedes if it is read backwards."""

    part: int
    at: datetime | None
    pk: int | UUID
    backwards: bool = False

    def __str__(self) -> str:
        instant = ""
        if self.at is not None:
            instant = f"{(self.at - _EPOCH) // timedelta(microseconds=1)}."
        pk = self.pk.hex if isinstance(self.pk, UUID) else self.pk
        return f"{'fb'[self.backwards]}{self.part}.{instant}{pk}"


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows in order, and where the pages before and after them begin."""

    rows: list[R]
    previous: Cursor | None = None
    next: Cursor | None = None


def cursor(text: str) -> Cursor | None:
    """Return the cursor of an address; None, which is the first page, if it is none.

    >>> row = Cursor(2, datetime(2026, 1, 2, tzinfo=UTC), UUID(int=7), backwards=True)
    >>> cursor(str(row)) == row, cursor("f1.2"), cursor("f1"), cursor("")
    (True, Cursor(part=1, at=None, pk=2, backwards=False), None, None)
    """
    match = _CURSOR.fullmatch(text)
    if not match:
        return None
    direction, part, micros, digits = match.groups()
    try:
        at = _EPOCH + timedelta(microseconds=int(micros)) if micros else None
    except OverflowError:
        return None
    pk = UUID(digits) if len(digits) == 32 else int(digits)
    return Cursor(int(part), at, pk, backwards=direction == "b")


def page(
    parts: Sequence[QuerySet[Any, R] | None],
    *,
    by: str = "",
    size: int,
    at: Cursor | None = None,
    whole: bool = True,
) -> Page[R]:
    """Return the page at the cursor, or the first if the cursor is of another list.

    Args:
        by: the column with the rows' instants, if that is their order; an index on it and the
            primary key serves.
        whole: rows that were added before what was the first page are shown with those that
            follow them; if not, alone.
    """
    at = at if at is not None and _fits(at, parts, by) else None
    backwards = at is not None and at.backwards
    found = _read(parts, by, at, size + 1)
    more, found = len(found) > size, found[:size]
    if backwards and not more and whole:
        return page(parts, by=by, size=size)
    if backwards:
        found.reverse()
    before, after = at is not None and (more or not backwards), more or backwards
    return Page(
        [row for _part, row in found],
        previous=_cursor_of(*found[0], by, backwards=True) if found and before else None,
        next=_cursor_of(*found[-1], by, backwards=False) if found and after else None,
    )


def pages(
    parts: Sequence[QuerySet[Any, R] | None], *, by: str = "", size: int
) -> Iterator[list[R]]:
    """Yield the rows of all pages, one after the other, so that memory does not grow."""
    at: Cursor | None = None
    while True:
        found = page(parts, by=by, size=size, at=at)
        yield found.rows
        at = found.next
        if at is None:
            return


def _fits(at: Cursor, parts: Sequence[QuerySet[Any, R] | None], by: str) -> bool:
    """Whether the cursor can be of a row of these parts."""
    uuids = {isinstance(rows.model._meta.pk, UUIDField) for rows in parts if rows is not None}
    in_order = at.part < len(parts) and (at.at is not None) == bool(by)
    return in_order and uuids == {isinstance(at.pk, UUID)}


def _read(
    parts: Sequence[QuerySet[Any, R] | None], by: str, at: Cursor | None, limit: int
) -> list[tuple[int, R]]:
    """Return the rows with the numbers of their parts, in the direction that they are read."""
    sign = "" if at is not None and at.backwards else "-"
    order = [f"{sign}{column}" for column in (by, "pk") if column]
    found: list[tuple[int, R]] = []
    for number, rows in _ahead(parts, at):
        left = _beyond(rows, at if at is not None and at.part == number else None, by)
        found += [(number, row) for row in left.order_by(*order)[: limit - len(found)]]
        if len(found) >= limit:
            break
    return found


def _ahead(
    parts: Sequence[QuerySet[Any, R] | None], at: Cursor | None
) -> list[tuple[int, QuerySet[Any, R]]]:
    numbered = [(number, rows) for number, rows in enumerate(parts) if rows is not None]
    if at is None:
        return numbered
    if at.backwards:
        return [part for part in reversed(numbered) if part[0] <= at.part]
    return [part for part in numbered if part[0] >= at.part]


def _beyond(rows: QuerySet[Any, R], at: Cursor | None, by: str) -> QuerySet[Any, R]:
    """Return what is left of a part; the bound alone lets the index begin there."""
    if at is None:
        return rows
    side = "gt" if at.backwards else "lt"
    beyond = Q(**{f"pk__{side}": at.pk})
    if by:
        bound = Q(**{f"{by}__{side}e": at.at})
        beyond = bound & (Q(**{f"{by}__{side}": at.at}) | Q(**{by: at.at}) & beyond)
    return rows.filter(beyond)


def _cursor_of(part: int, row: Any, by: str, *, backwards: bool) -> Cursor:
    return Cursor(part, getattr(row, by) if by else None, row.pk, backwards)
