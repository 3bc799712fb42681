"""The home page: what needs me, what is wrong, what is running, without a click."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_GET

from workflows_app.console.health import Health, health
from workflows_app.console.overview import Line, Lists, lists
from workflows_app.console.pages import console_view, fragment_view, page, tag_of, unchanged
from workflows_app.console.throughput import Throughput, throughput


@dataclass(frozen=True, slots=True)
class Section:
    """One list of the page."""

    name: str
    title: str
    empty: str
    count: str
    lines: Sequence[Line]
    links: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that the page shows."""

    lists: Lists
    health: Health
    throughput: Throughput

    @property
    def tag(self) -> str:
        """An entity tag: it changes when the page would."""
        hours = [(hour.begins_at, hour.completed, hour.failed) for hour in self.throughput.hours]
        return tag_of(self.lists.facts, self.health.facts, hours)


_COLUMNS = (("mine", "failing"), ("running", "waiting"))  # What people must do; what goes on.
# Title, what is said while a list is empty, and the lists of all such processes.
_SECTIONS: dict[str, tuple[str | Promise, str | Promise, Sequence[tuple[str, str | Promise]]]] = {
    "mine": (
        gettext_lazy("My work"),
        gettext_lazy("Forms that you may answer appear here. None waits for you."),
        [("me", gettext_lazy("All that need me"))],
    ),
    "failing": (
        gettext_lazy("Failed"),
        gettext_lazy("Processes that stand still at a failure appear here. There is none."),
        [("failed", gettext_lazy("All that fail"))],
    ),
    "running": (
        gettext_lazy("Running now"),
        gettext_lazy("Processes appear here while a worker runs their steps."),
        [("running", gettext_lazy("All that run or are queued"))],
    ),
    "waiting": (
        gettext_lazy("Waiting longest"),
        gettext_lazy("Processes that wait for a remote system or for a time appear here."),
        [
            ("awaiting_callback", gettext_lazy("All that wait for a remote system")),
            ("waiting", gettext_lazy("All that wait for a time")),
        ],
    ),
}


@console_view
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show the page."""
    context = {"title": _("Home"), **_context(request, _home(request))}
    return page(request, "workflows/home.html", context)


@fragment_view
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """Return the part of the page that changes; 304 if the browser has it."""
    found = _home(request)
    not_modified = unchanged(request, found.tag)
    if not_modified:
        return not_modified
    response = render(request, "workflows/home_live.html", _context(request, found))
    response["ETag"] = f'"{found.tag}"'
    return response


def _home(request: HttpRequest) -> Home:
    engine = health()
    return Home(lists(request.user, paused=engine.pause is not None), engine, throughput())


def _context(request: HttpRequest, found: Home) -> dict[str, Any]:
    lines = found.lists.lines(request.user)
    columns = [
        [_section(name, found.lists.count(name), lines[name]) for name in names]
        for names in _COLUMNS
    ]
    return {"home": found, "columns": columns, "used": found.lists.count("running")}


def _section(name: str, count: str, lines: Sequence[Line]) -> Section:
    title, empty, links = _SECTIONS[name]
    return Section(
        name=name,
        title=str(title),
        empty=str(empty),
        count=count,
        lines=lines,
        links=[(_all(status), str(label)) for status, label in links],
    )


def _all(status: str) -> str:
    return f"{reverse('workflows:processes')}?status={status}"
