"""Pages of the list of callbacks: those that are open, then those that have ended, newest first.

A page is named by the row that it follows, or precedes, so it costs the same however far down it
is, nothing is counted, and the long table is read from the primary key's index, never sorted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from callbacks_app.models import CallbackToken
from callbacks_app.selection import STATUSES

_CURSOR = re.compile(r"([fb])([01])\.([0-9]{1,18})", re.ASCII)
_OPEN = STATUSES["started"]
_ENDED = STATUSES["succeeded"]
for _name in STATUSES.keys() - {"started", "succeeded"}:
    _ENDED |= STATUSES[_name]
_PARTS = {0: _OPEN, 1: _ENDED}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, and the cursors of the pages before and after them; "" if there is none."""

    rows: list[CallbackToken]
    previous: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class _Cursor:
    part: int
    pk: int
    backwards: bool

    @classmethod
    def of(cls, text: str) -> "_Cursor | None":
        found = _CURSOR.fullmatch(text)
        return cls(int(found[2]), int(found[3]), found[1] == "b") if found else None


def page(rows: QuerySet[CallbackToken], status: str, *, at: str, size: int) -> Page:
    """Return the page at the cursor, or the first. Two queries at most."""
    cursor = _Cursor.of(at)
    backwards = cursor is not None and cursor.backwards
    found = _read(rows, status, cursor, size + 1)
    more, found = len(found) > size, found[:size]
    if backwards and not more:  # Rows were added before what was the first page: show all of it.
        return page(rows, status, at="", size=size)
    if backwards:
        found.reverse()
    return Page(
        found,
        previous=_named(found[0], "b") if found and cursor else "",
        next=_named(found[-1], "f") if found and (more or backwards) else "",
    )


def _read(
    rows: QuerySet[CallbackToken], status: str, cursor: _Cursor | None, limit: int
) -> list[CallbackToken]:
    backwards = cursor is not None and cursor.backwards
    found: list[CallbackToken] = []
    for part in sorted(_parts(status), reverse=backwards):
        of_part = rows.filter(STATUSES[status] if status else _PARTS[part])
        if cursor is not None:
            if (part > cursor.part) if backwards else (part < cursor.part):
                continue
            if part == cursor.part:
                of_part = of_part.filter(**{"pk__gt" if backwards else "pk__lt": cursor.pk})
        found += of_part.order_by("pk" if backwards else "-pk")[: limit - len(found)]
        if len(found) >= limit:
            break
    return found


def _parts(status: str) -> Sequence[int]:
    return [_part_of(status)] if status else list(_PARTS)


def _part_of(status: str) -> int:
    return 0 if status == "started" else 1


def _named(row: CallbackToken, direction: str) -> str:
    return f"{direction}{_part_of(row.operation_status)}.{row.pk}"
