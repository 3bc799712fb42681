"""Pages of the process list, each read from where the one before it ended.

Note [Pages]
~~~~~~~~~~~~
The list has up to four parts: what needs the reader, what has failed, what else is unfinished, and
what has ended. Each is newest first and read from an index. A page is named by the row that it
follows (or precedes), not by a number, so it costs the same however far down it is, nothing is
counted, and rows that are added meanwhile neither repeat nor hide others.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from workflows_app.models import Process
from workflows_app.selection import ALL, UNFINISHED, with_status
from workflows_app.statuses import FAILURES, FINAL, ProcessStatus

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([fb])([0-3])\.([0-9]{1,16})\.([0-9a-f]{32})", re.ASCII)
_COLUMNS = ("pk", "status", "modified_at", "next_step", "note", "needs_me", "due_at", "created_at")


class Key(NamedTuple):
    """What is read of a row first: enough to tell whether its line has changed."""

    rank: int
    pk: UUID
    status: str
    modified_at: datetime
    next_step: str
    note: str
    needs_me: bool
    due_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row that a page follows, or precedes if it is read backwards."""

    rank: int
    at: datetime
    pk: UUID
    backwards: bool = False

    def __str__(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        return f"{'fb'[self.backwards]}{self.rank}.{micros}.{self.pk.hex}"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, and where the pages before and after them begin."""

    keys: list[Key]
    previous: Cursor | None
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class _Part:
    rank: int
    statuses: frozenset[ProcessStatus]
    narrowing: Q


_FOR_OTHERS = UNFINISHED - FAILURES
_PARTS: Mapping[str, tuple[_Part, ...]] = {
    "": (
        _Part(0, frozenset({ProcessStatus.SUSPENDED}), Q(needs_me=True)),
        _Part(1, FAILURES, Q()),
        _Part(2, _FOR_OTHERS, Q(needs_me=False)),
        _Part(3, FINAL, Q()),
    ),
    "newest": (_Part(0, ALL, Q()),),
}
SORTS = frozenset(_PARTS)


def cursor(text: str) -> Cursor | None:
    """Return the cursor of an address; None, which is the first page, if it is none.

    >>> row = Cursor(2, datetime(2026, 1, 2, tzinfo=UTC), UUID(int=7), backwards=True)
    >>> cursor(str(row)) == row, cursor("f9.1.2"), cursor("")
    (True, None, None)
    """
    match = _CURSOR.fullmatch(text)
    if not match:
        return None
    direction, rank, micros, digits = match.groups()
    at = _EPOCH + timedelta(microseconds=int(micros))
    return Cursor(int(rank), at, UUID(digits), backwards=direction == "b")


def page(
    rows: QuerySet[Process],
    *,
    size: int,
    sort: str = "",
    at: Cursor | None = None,
    statuses: frozenset[ProcessStatus] = ALL,
) -> Page:
    """Return the page at the cursor, or the first.

    Args:
        rows: with ``needs_me``.
        statuses: those that the rows can have, so that parts without any are not looked for.
    """
    if at is not None and at.rank >= len(_PARTS[sort]):
        at = None
    keys = _read(rows, sort, at, size + 1, statuses)
    more, keys = len(keys) > size, keys[:size]
    if at is None:
        return Page(keys, None, _at(keys, -1) if more else None)
    if not at.backwards:
        return Page(keys, _at(keys, 0, backwards=True), _at(keys, -1) if more else None)
    if not more:  # Rows were added before what was the first page: show the whole of it.
        return page(rows, size=size, sort=sort, statuses=statuses)
    keys.reverse()
    return Page(keys, _at(keys, 0, backwards=True), _at(keys, -1))


def pages(rows: QuerySet[Process], *, size: int, most: int, **options: Any) -> Iterator[list[Key]]:
    """Yield the rows page by page, at most ``most`` of them."""
    at: Cursor | None = None
    while most > 0:
        found = page(rows, size=min(size, most), at=at, **options)
        most -= len(found.keys)
        yield found.keys
        at = found.next
        if at is None:
            return


def _at(keys: list[Key], index: int, *, backwards: bool = False) -> Cursor | None:
    if not keys:
        return None
    key = keys[index]
    return Cursor(key.rank, key.created_at, key.pk, backwards)


def _read(
    rows: QuerySet[Process],
    sort: str,
    at: Cursor | None,
    size: int,
    statuses: frozenset[ProcessStatus],
) -> list[Key]:
    keys: list[Key] = []
    backwards = at is not None and at.backwards
    parts = [part for part in _PARTS[sort] if part.statuses & statuses]
    order = ("created_at", "pk") if backwards else ("-created_at", "-pk")
    for part in reversed(parts) if backwards else parts:
        if at is not None and _passed(part, at):
            continue
        found = with_status(rows, part.statuses).filter(part.narrowing)
        if at is not None and at.rank == part.rank:
            found = found.filter(_beyond(at))
        wanted = size - len(keys)
        keys += [
            Key(part.rank, *row) for row in found.order_by(*order).values_list(*_COLUMNS)[:wanted]
        ]
        if len(keys) >= size:
            break
    return keys


def _passed(part: _Part, at: Cursor) -> bool:
    return part.rank > at.rank if at.backwards else part.rank < at.rank


def _beyond(at: Cursor) -> Q:
    """Return what is left of a part; the first condition alone lets the index begin there."""
    if at.backwards:
        later = Q(created_at__gt=at.at) | Q(created_at=at.at, pk__gt=at.pk)
        return Q(created_at__gte=at.at) & later
    earlier = Q(created_at__lt=at.at) | Q(created_at=at.at, pk__lt=at.pk)
    return Q(created_at__lte=at.at) & earlier
