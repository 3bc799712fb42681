"""Pages of subscriptions, newest first, each read from where the one before ended: no counting.

A page is named by the row that it follows, or precedes, so it costs the same however far down it
is, and rows that are added meanwhile neither repeat nor hide others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from workflows_app.models import Subscription

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([fb])([0-9]{1,16})\.([0-9a-f]{32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row that a page follows, or precedes if it is read backwards."""

    at: datetime
    pk: UUID
    backwards: bool = False

    def __str__(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        return f"{'fb'[self.backwards]}{micros}.{self.pk.hex}"

    @property
    def beyond(self) -> Q:
        """What lies beyond the row; the first condition alone lets an index begin there."""
        if self.backwards:
            later = Q(created_at__gt=self.at) | Q(created_at=self.at, pk__gt=self.pk)
            return Q(created_at__gte=self.at) & later
        earlier = Q(created_at__lt=self.at) | Q(created_at=self.at, pk__lt=self.pk)
        return Q(created_at__lte=self.at) & earlier


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, and the cursors of the pages before and after them; "" if there is none."""

    rows: Sequence[Subscription]
    previous: str = ""
    next: str = ""


def cursor(text: str) -> Cursor | None:
    """Return the cursor of an address; None, which is the first page, if it is none.

    >>> row = Cursor(datetime(2026, 1, 2, tzinfo=UTC), UUID(int=7), backwards=True)
    >>> cursor(str(row)) == row, cursor("f1.2"), cursor("")
    (True, None, None)
    """
    match = _CURSOR.fullmatch(text)
    if not match:
        return None
    direction, micros, digits = match.groups()
    at = _EPOCH + timedelta(microseconds=int(micros))
    return Cursor(at, UUID(digits), backwards=direction == "b")


def page(rows: QuerySet[Subscription], *, size: int, at: Cursor | None = None) -> Page:
    """Return the page at the cursor, or the first."""
    backwards = at is not None and at.backwards
    order = ("created_at", "pk") if backwards else ("-created_at", "-pk")
    found = list((rows.filter(at.beyond) if at else rows).order_by(*order)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards and not more:  # Rows were added before what was the first page: show all of it.
        return page(rows, size=size)
    if backwards:
        found.reverse()
    further = bool(found) and (more or backwards)
    return Page(
        found,
        previous=_named(found[0], backwards=True) if found and at else "",
        next=_named(found[-1], backwards=False) if further else "",
    )


def _named(row: Subscription, *, backwards: bool) -> str:
    return str(Cursor(row.created_at, row.pk, backwards))
