"""The action log of everything: who did what to which process, or to the engine, when and why."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_noop as marked
from django.views.decorators.http import require_GET

from workflows_app import keyset
from workflows_app.console import spreadsheet
from workflows_app.console.event_lines import lines, masked_details
from workflows_app.console.filters import Chip, address, texts_of
from workflows_app.console.pages import console_view, page, sentence
from workflows_app.errors import SearchTooSlow
from workflows_app.models import ProcessEvent
from workflows_app.patience import patience
from workflows_app.search import by_id

SIZE = 50
MOST_NAMES = 500  # Of actors that are offered.
SYSTEM = "SYSTEM"
KINDS: Mapping[str, tuple[str, Q]] = {
    "": (marked("All"), Q()),
    "people": (marked("By people"), ~Q(actor=SYSTEM)),
    "system": (marked("By the orchestrator"), Q(actor=SYSTEM)),
    "engine": (marked("Pauses"), Q(action__in=["engine paused", "engine unpaused"])),
}
_YEARS = range(1971, 3000)
# What there is in an indexed column, one step in the index for each value.
_VALUES = """
WITH RECURSIVE found(value) AS (
    SELECT min({column}) FROM workflows_app_processevent
    UNION ALL
    SELECT (SELECT min({column}) FROM workflows_app_processevent WHERE {column} > found.value)
    FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says. What cannot be read is no filter, but an id that is none has none."""

    kind: str = ""
    actor: str = ""
    action: str = ""
    process: str = ""
    since: str = ""
    until: str = ""
    q: str = ""
    at: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read the filters of an address."""
        texts = texts_of(cls, query)
        for name in ("since", "until"):
            texts[name] = str(_date(texts[name]) or "")
        kind = texts.pop("kind")
        return cls(kind=kind if kind in KINDS else "", **texts)

    def address(self, **changes: Any) -> str:
        """Return the query with ``changes``; they lead to the first page."""
        return address(replace(self, **({"at": ""} | changes)))

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered out."""
        return self != Filters(at=self.at)

    def rows(self) -> QuerySet[ProcessEvent]:
        """Return the events that fit, with their processes."""
        rows = ProcessEvent.objects.select_related("process__workflow", "schedule")
        rows = rows.defer("process__definition", "schedule__inputs").filter(KINDS[self.kind][1])
        exact = {"actor": self.actor, "action": self.action}
        rows = rows.filter(**{name: text for name, text in exact.items() if text})
        if self.process:
            rows = rows.filter(by_id(self.process, "process"))
        if since := _date(self.since):
            rows = rows.filter(at__gte=_midnight(since))
        if until := _date(self.until):
            rows = rows.filter(at__lt=_midnight(until + timedelta(days=1)))
        return rows.filter(reason__icontains=self.q) if self.q else rows

    def chips(self) -> list[Chip]:
        """Return the choices that need no form."""
        return [
            Chip(_(label), self.address(kind=kind), on=kind == self.kind)
            for kind, (label, _q) in KINDS.items()
        ]


@console_view
@require_GET
def action_log(request: HttpRequest) -> HttpResponse:
    """Show the entries that fit the address's filters, newest first."""
    filters = Filters.of(request.GET)
    found, trouble = _found(filters)
    context = {
        "title": _("Action log"),
        "filters": filters,
        "lines": list(lines(found.rows)),
        "trouble": trouble,
        "actions": _values("action"),
        "actors": _values("actor"),
        "previous": filters.address(at=str(found.previous)) if found.previous else "",
        "next": filters.address(at=str(found.next)) if found.next else "",
        "file": filters.address(),
    }
    return page(request, "workflows/action_log.html", context)


@console_view
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Return the entries that fit as CSV, with exact times."""
    return spreadsheet.download("action-log", _cells(Filters.of(request.GET)))


def _cells(filters: Filters) -> Iterator[list[str]]:
    yield ["at", "actor", "action", "reason", "process", "workflow", "details"]
    for rows in keyset.pages([filters.rows()], by="at", size=500):
        for event in rows:
            yield [
                timezone.localtime(event.at).isoformat(timespec="milliseconds"),
                event.actor,
                event.action,
                event.reason,
                str(event.process_id or ""),
                event.process.workflow.name if event.process else "",
                json.dumps(masked_details(event), ensure_ascii=False) if event.details else "",
            ]


def _found(filters: Filters) -> tuple[keyset.Page[ProcessEvent], str]:
    """Return a page, and what kept it from being found."""
    try:
        with patience():
            at = keyset.cursor(filters.at)
            return keyset.page([filters.rows()], by="at", size=SIZE, at=at, whole=False), ""
    except SearchTooSlow as error:
        return keyset.Page([]), sentence(error)


def _values(column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_VALUES.format(column=column), [MOST_NAMES])
        return [value for (value,) in cursor.fetchall()]


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in _YEARS else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
