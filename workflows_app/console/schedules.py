"""Schedules in the console: the list, and the page of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, gettext_noop as marked
from django.views.decorators.http import require_GET

from workflows_app import policy, schedules as domain
from workflows_app.cadence import upcoming
from workflows_app.console.cadence_words import in_words
from workflows_app.console.filters import Chip, page_number
from workflows_app.console.pages import page, view_for
from workflows_app.console.schedule_acts import Offer, offers
from workflows_app.console.schedule_form import SHOWN
from workflows_app.console.sentences import LOOKS, Look
from workflows_app.console.values import Change, changed
from workflows_app.json_values import JSONObject
from workflows_app.models import Process, ProcessEvent, Schedule, Workflow

SIZE = 50
MOST = 20  # Processes and entries of the log, on the page of one.
FILTERS: Mapping[str, tuple[Any, Q]] = {
    "": (gettext_lazy("All"), Q()),
    "failing": (gettext_lazy("Failing"), Q(refusals__gt=0, paused_at=None)),
    "active": (gettext_lazy("Active"), Q(next_run_at__isnull=False)),
    "paused": (gettext_lazy("Paused"), Q(paused_at__isnull=False)),
    "over": (gettext_lazy("Over"), Q(next_run_at=None, paused_at=None)),
}
FAILING = Look("cross", "red", marked("failing"))
PAUSED = Look("stop", "grey", marked("paused"))
OVER = Look("tick", "grey", marked("over"))
ACTIVE = Look("clock", "slate", marked("active"))
schedule_view = view_for(policy.PERMISSIONS["see schedules"], marked("see schedules"))


@dataclass(frozen=True, slots=True)
class Run:
    """A process that a schedule has started."""

    process: Process

    @property
    def look(self) -> Look:
        return LOOKS[self.process.status]


@dataclass(frozen=True, slots=True)
class Line:
    """One schedule in the list."""

    schedule: Schedule
    workflow: str
    last: Run | None

    @property
    def look(self) -> Look:
        return look(self.schedule)

    @property
    def cadence(self) -> str:
        return in_words(self.schedule.cadence)


@schedule_view
@require_GET
def schedules(request: HttpRequest) -> HttpResponse:
    """List the schedules by name."""
    chosen, workflow = request.GET.get("status", ""), request.GET.get("workflow", "")[:200]
    chosen = chosen if chosen in FILTERS else ""
    number = page_number(request.GET.get("page", ""))
    rows = Schedule.objects.filter(FILTERS[chosen][1]).order_by("name")
    if workflow:
        rows = rows.filter(workflow=workflow.replace("\0", ""))
    found = list(_with_last(rows)[(number - 1) * SIZE : number * SIZE + 1])
    context = {
        "title": _("Schedules"),
        "chips": [
            Chip(str(label), f"?status={key}" if key else "?", on=key == chosen)
            for key, (label, _filter) in FILTERS.items()
        ],
        "lines": lines(found[:SIZE]),
        "narrowed": bool(chosen or workflow or number > 1),
        "workflow": workflow,
        "next": f"?status={chosen}&page={number + 1}" if len(found) > SIZE else "",
        "previous": f"?status={chosen}&page={number - 1}" if number > 1 else "",
        "may_add": request.user.has_perm(policy.PERMISSIONS["add schedules"]),
    }
    return page(request, "workflows/schedules.html", context)


@schedule_view
@require_GET
def schedule(request: HttpRequest, *, schedule_id: UUID) -> HttpResponse:
    """Show a schedule: when it is due, with what, what it started, and who did what to it."""
    row = domain.found(schedule_id)
    started = Process.objects.filter(schedule=row).select_related("workflow")
    started = started.defer("definition").order_by("-created_at", "-pk")
    log = ProcessEvent.objects.filter(schedule=row).exclude(action="started")
    context = {
        "title": row.name,
        "schedule": row,
        "look": look(row),
        "cadence": in_words(row.cadence),
        "workflow": descriptions([row.workflow]).get(row.workflow, row.workflow),
        "times": _times(row),
        "inputs": inputs_of(row),
        "runs": [Run(process) for process in started[:MOST]],
        "most": MOST,
        "events": log.order_by("-at", "-pk")[:MOST],
        "offers": _offers(request.user, row),
    }
    return page(request, "workflows/schedule.html", context)


def look(row: Schedule) -> Look:
    """Return how a schedule's condition looks."""
    if row.paused_at:
        return PAUSED
    if row.refusals:
        return FAILING
    return OVER if row.is_over else ACTIVE


def lines(rows: Sequence[Schedule]) -> list[Line]:
    """Return schedules as a list shows them: three queries, however many there are."""
    names = descriptions([row.workflow for row in rows])
    last = [row.last for row in rows if row.last]  # type: ignore[attr-defined]  # Annotated.
    found = Process.objects.defer("definition").in_bulk(last)
    runs = {pk: Run(process) for pk, process in found.items()}
    return [
        Line(row, names.get(row.workflow, row.workflow), runs.get(row.last))  # type: ignore[attr-defined]  # Annotated.
        for row in rows
    ]


def of_workflow(name: str) -> list[Line]:
    """Return the schedules of a workflow."""
    return lines(list(_with_last(Schedule.objects.filter(workflow=name).order_by("name"))))


def descriptions(names: Sequence[str]) -> dict[str, str]:
    """Return the workflows' descriptions, by name."""
    return {row.name: str(row) for row in Workflow.objects.filter(name__in=set(names))}


def inputs_of(row: Schedule) -> list[list[Change]]:
    """Return the inputs page by page, secrets as stars."""
    pages: list[JSONObject] = [page for page in row.inputs if page]
    return [changed({}, page) for page in pages]


def _with_last(rows: QuerySet[Schedule]) -> QuerySet[Schedule]:
    started = Process.objects.filter(schedule=OuterRef("pk")).order_by("-created_at", "-pk")
    return rows.annotate(last=Subquery(started.values("pk")[:1]))


def _times(row: Schedule) -> list[datetime]:
    """Return the next times, beginning with the one that is due."""
    if row.next_run_at is None:
        return []
    following = upcoming(row.cadence, max(row.next_run_at, timezone.now()))
    return [row.next_run_at, *islice(following, SHOWN - 1)]


def _offers(user: Any, row: Schedule) -> list[Offer]:
    return offers(user, row)
