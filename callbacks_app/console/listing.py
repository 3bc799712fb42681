"""The list of callbacks: open ones first, and as many queries whatever it shows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from callbacks_app import selection
from callbacks_app.console.words import LOOKS, look, sentence
from callbacks_app.models import CallbackToken
from workflows_app import keyset
from workflows_app.console.filters import Chip, address, texts_of
from workflows_app.console.moments import Moment
from workflows_app.console.pages import console_view, page, sentence as text_of
from workflows_app.console.sentences import Look, Sentence
from workflows_app.console.step_names import step_name
from workflows_app.errors import SearchTooSlow
from workflows_app.patience import patience

SIZE = 50
_OPEN = selection.STATUSES["started"]
_ENDED = reduce(or_, (of for name, of in selection.STATUSES.items() if name != "started"))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says. An unknown status is no filter."""

    status: str = ""
    process: str = ""
    q: str = ""
    at: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read the filters of an address."""
        texts = texts_of(cls, query)
        if texts["status"] not in selection.STATUSES:
            texts["status"] = ""
        return cls(**texts)

    def address(self, **changes: Any) -> str:
        """Return the query with ``changes``; they lead to the first page."""
        return address(replace(self, **({"at": ""} | changes)))

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered out."""
        return any((self.status, self.process, self.q))

    def chips(self) -> list[Chip]:
        """Return the choices of a status."""
        labels = {"": _("All")} | {
            name: LOOKS[name].word.capitalize() for name in selection.STATUSES
        }
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
    found, trouble = _found(filters)
    context = {
        "title": _("Callbacks"),
        "filters": filters,
        "lines": list(lines(found.rows, timezone.now())),
        "trouble": trouble,
        "next": filters.address(at=str(found.next)) if found.next else "",
        "previous": filters.address(at=str(found.previous)) if found.previous else "",
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


def _found(filters: Filters) -> tuple[keyset.Page[CallbackToken], str]:
    """Return a page, and what kept it from being found."""
    rows = selection.callbacks(process=filters.process, q=filters.q)
    rows = rows.defer("nonce", "key_id", "result")
    try:
        with patience():
            at = keyset.cursor(filters.at)
            return keyset.page(_parts(rows, filters.status), size=SIZE, at=at), ""
    except SearchTooSlow as error:
        return keyset.Page([]), text_of(error)


def _parts(rows: QuerySet[CallbackToken], status: str) -> list[QuerySet[CallbackToken] | None]:
    """Return those that are open, then those that have ended: read by their keys, never sorted."""
    if not status:
        return [rows.filter(_OPEN), rows.filter(_ENDED)]
    found = rows.filter(selection.STATUSES[status])
    return [found, None] if status == "started" else [None, found]
