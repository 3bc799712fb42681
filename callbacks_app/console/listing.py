"""The list of callbacks: open ones first, and as many queries whatever it shows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_GET

from callbacks_app import selection
from callbacks_app.console.words import LOOKS, look, sentence
from callbacks_app.models import CallbackToken
from workflows_app.console.filters import Chip, address, page_number, texts_of
from workflows_app.console.moments import Moment
from workflows_app.console.pages import console_view, page
from workflows_app.console.sentences import Look, Sentence, step_name

SIZE = 50
_ENDED = [name for name in selection.STATUSES if name != "started"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says. An unknown status is no filter."""

    status: str = ""
    process: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read the filters of an address."""
        texts = texts_of(cls, query)
        return cls(
            status=texts["status"] if texts["status"] in selection.STATUSES else "",
            process=texts["process"],
            page=page_number(texts["page"]),
        )

    def address(self, **changes: Any) -> str:
        """Return the query with ``changes``; whatever is changed but the page leads to page 1."""
        return address(replace(self, **({"page": 1} | changes)))

    def chips(self) -> list[Chip]:
        """Return the choices of a status."""
        labels = {"": "All"} | {name: LOOKS[name].word.capitalize() for name in selection.STATUSES}
        return [
            Chip(label, self.address(status=name), on=name == self.status)
            for name, label in labels.items()
        ]


@dataclass(frozen=True, slots=True)
class Line:
    """One callback in a list."""

    callback: CallbackToken
    step: str
    look: Look
    sentence: Sentence
    since: Moment
    until: Moment | None


@console_view
@require_GET
def callbacks(request: HttpRequest) -> HttpResponse:
    """Show the callbacks that fit the address's filters."""
    filters = Filters.of(request.GET)
    rows = _rows(filters)
    context = {
        "title": "Callbacks",
        "filters": filters,
        "lines": list(lines(rows[:SIZE], timezone.now())),
        "next": filters.address(page=filters.page + 1) if len(rows) > SIZE else "",
        "previous": filters.address(page=filters.page - 1) if filters.page > 1 else "",
    }
    return page(request, "callbacks/callbacks.html", context)


def lines(rows: list[CallbackToken], now: datetime) -> Iterator[Line]:
    """Return the callbacks as a list shows them."""
    for row in rows:
        started = row.operation_status == "started"
        until = row.expires_at if started else None
        yield Line(
            callback=row,
            step=step_name(row.process, row.path),
            look=look(row),
            sentence=sentence(row, now),
            since=Moment(row.created_at, now),
            until=Moment(until, now, ahead=True) if until else None,
        )


def _rows(filters: Filters) -> list[CallbackToken]:
    """Return the page's rows and one more, if there is one.

    Those that are open come first and are few; then those that have ended, newest first, read
    from the primary key's index: so the long table is never sorted.
    """
    offset = (filters.page - 1) * SIZE
    if filters.status:
        return _slice(_of(filters, [filters.status]), offset, SIZE + 1)
    started = _of(filters, ["started"])
    rows = _slice(started, offset, SIZE + 1)
    if len(rows) <= SIZE:
        passed = 0 if rows or not offset else started.count()
        rest = _of(filters, _ENDED)
        rows += _slice(rest, offset - passed if passed else 0, SIZE + 1 - len(rows))
    return rows


def _of(filters: Filters, statuses: list[str]) -> QuerySet[CallbackToken]:
    rows = selection.callbacks(statuses=statuses, process=filters.process)
    return rows.defer("nonce", "key_id", "result").order_by("-pk")


def _slice(rows: QuerySet[CallbackToken], offset: int, size: int) -> list[CallbackToken]:
    return list(rows[offset : offset + size])
