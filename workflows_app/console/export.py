"""The processes that fit the filters as CSV, page by page, so that memory does not grow."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from workflows_app import keyset
from workflows_app.console import columns, spreadsheet
from workflows_app.console.filters import Filters
from workflows_app.console.listing import Key, Line, lines_of, parts
from workflows_app.console.pages import console_view
from workflows_app.console.step_names import step_name
from workflows_app.patience import patience
from workflows_app.search import sees_subscriptions
from workflows_app.selection import STATUSES

SIZE = 500  # Rows that are in memory at a time.
Cell = Callable[[Line], str]


@console_view
@require_GET
def csv(request: HttpRequest) -> HttpResponseBase:
    """Return the processes that fit the address's filters, with its columns and exact times."""
    filters = Filters.of(request.GET)
    sees = sees_subscriptions(request.user)
    shown = columns.chosen(request, filters.cols, with_subscriptions=sees)
    pages = _pages(filters, request)
    first = next(pages)  # A search that takes too long is refused before anything is sent.
    lines = (line for keys in chain([first], pages) for line in lines_of(keys, request.user))
    return spreadsheet.download("processes", _rows(lines, _cells(shown)))


def _pages(filters: Filters, request: HttpRequest) -> Iterator[list[Key]]:
    with patience():
        rows = filters.rows(request.user)
    found = parts(rows, filters.sort, STATUSES[filters.status])
    pages = keyset.pages(found, by="created_at", size=SIZE)
    while True:
        with patience():
            keys = next(pages, None)
        if keys is None:
            return
        yield keys


def _cells(shown: Iterable[str]) -> list[tuple[str, Cell]]:
    chosen = chain.from_iterable(_CHOOSABLE[name] for name in shown if name in _CHOOSABLE)
    return [*_FIRST, *chosen, *_LAST]


def _rows(lines: Iterable[Line], cells: list[tuple[str, Cell]]) -> Iterator[list[str]]:
    yield [name for name, _cell in cells]
    for line in lines:
        yield [cell(line) for _name, cell in cells]


def _iso(at: datetime | None) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds") if at else ""


def _subject(line: Line) -> str:
    if line.subject is None:
        return ""
    more = f" (+{line.subject.more})" if line.subject.more else ""
    return f"{line.subject.description}{more}"


_FIRST: list[tuple[str, Cell]] = [
    ("id", lambda line: str(line.process.pk)),
    ("status", lambda line: line.process.status),
    ("says", lambda line: line.says),
]
_CHOOSABLE: Mapping[str, list[tuple[str, Cell]]] = {
    "what": [
        ("workflow", lambda line: line.process.workflow.name),
        ("subject", _subject),
        ("note", lambda line: line.process.note),
    ],
    "customer": [("customer", lambda line: line.subject.customer if line.subject else "")],
    "product": [("product", lambda line: line.subject.product if line.subject else "")],
    "target": [("target", lambda line: line.process.workflow.target)],
    "kind": [("is_task", lambda line: str(line.process.is_task).lower())],
    "step": [("step", lambda line: step_name(line.process, line.process.next_step))],
    "assignee": [("assignee", lambda line: line.process.assignee)],
    "created_by": [("created_by", lambda line: line.process.created_by)],
}
_LAST: list[tuple[str, Cell]] = [
    ("created_at", lambda line: _iso(line.process.created_at)),
    ("modified_at", lambda line: _iso(line.process.modified_at)),
    ("finished_at", lambda line: _iso(line.process.finished_at)),
]
