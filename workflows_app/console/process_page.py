"""One process: its page, the part of it that is polled, and its form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from workflows_app import policy
from workflows_app.console import answering
from workflows_app.console.consequences import WORDS, Words, is_stranded
from workflows_app.console.listing import aborts
from workflows_app.console.pages import (
    console_view,
    fragment_view,
    page,
    sentence as message,
    tag_of,
    unchanged,
)
from workflows_app.console.sentences import LOOKS, Facts, Look, Sentence, sentence
from workflows_app.console.timeline import Group, state_after, timeline
from workflows_app.console.values import Change, changed
from workflows_app.engine.loading import unlocked
from workflows_app.engine.pausing import is_paused
from workflows_app.errors import UnknownStep, UnknownWorkflow, WorkflowError
from workflows_app.models import Process, ProcessEvent, ProcessStep, Subscription
from workflows_app.policy import Action
from workflows_app.statuses import FINAL, ProcessStatus

HEARTBEAT_SECONDS = 5  # How often "last heard" is looked at while a callback is open.
MOST_SUBSCRIPTIONS = 20  # Of those that a process concerns; a task may concern all.
_WHOLE = ("pk", "status", "attempt", "completed_at", "superseded", "progress")


@dataclass
class View:
    """What the polled part of the page shows of a process, to one user."""

    process: Process
    user: Any
    now: datetime

    @cached_property
    def tag(self) -> str:
        """An entity tag: it changes when the part would. A few queries, without patches."""
        process = self.process
        steps = process.steps.order_by("position").values_list(*_WHOLE)
        heard = 0
        if process.status == ProcessStatus.AWAITING_CALLBACK:
            heard = int(self.now.timestamp()) // HEARTBEAT_SECONDS
        moved = (process.status, process.modified_at, process.worker, process.next_step)
        held = [(row.pk, row.description, row.locked_by_id) for row in self.subscriptions]
        return tag_of(moved, process.note, self.paused, heard, self.user.pk, held, list(steps))

    @cached_property
    def paused(self) -> bool:
        return is_paused()

    @cached_property
    def rows(self) -> Sequence[ProcessStep]:
        return list(self.process.steps.order_by("position"))

    @cached_property
    def groups(self) -> list[Group]:
        return timeline(self.process, self.rows, self.now)

    @cached_property
    def subscriptions(self) -> Sequence[Subscription]:
        """Those that the process concerns, if the user may look at them."""
        if not self.user.has_perm("workflows_app.view_subscription"):
            return []
        rows = self.process.subscriptions.order_by("description", "pk")
        return list(rows.only("description", "locked_by_id")[:MOST_SUBSCRIPTIONS])

    @cached_property
    def look(self) -> Look:
        return LOOKS[self.process.status]

    @cached_property
    def events(self) -> list[ProcessEvent]:
        return list(self.process.events.order_by("-at", "-pk")[:200])

    @cached_property
    def sentence(self) -> Sentence:
        process = self.process
        process.needs_me = self.answerable  # type: ignore[attr-defined]
        aborted = process.status == ProcessStatus.ABORTED
        facts = Facts(
            now=self.now,
            paused=self.paused,
            open_steps={(process.pk, row.path): row for row in self.rows if not row.superseded},
            aborts=aborts([process.pk]) if aborted else {},
        )
        return sentence(process, facts)

    @cached_property
    def allowed(self) -> list[Action]:
        allowed = policy.allowed_actions(self.user, self.process)
        if is_stranded(self.process) and policy.may(self.user, "retry", self.process):
            allowed.insert(0, "retry")
        return allowed

    @property
    def answerable(self) -> bool:
        return self.process.status == ProcessStatus.SUSPENDED and "resume" in self.allowed

    @property
    def actions(self) -> list[tuple[Action, Words]]:
        """The buttons; a suspended process is resumed by its form."""
        return [
            (action, WORDS[action])
            for action in self.allowed
            if not (action == "resume" and self.answerable)
        ]

    @property
    def open_row(self) -> ProcessStep | None:
        """The row of the form that waits, if one does."""
        suspended = [row for row in self.rows if row.status == ProcessStatus.SUSPENDED]
        return suspended[-1] if suspended and self.answerable else None

    @property
    def live(self) -> bool:
        """Whether anything can still change: if not, the page stops asking."""
        return self.process.status not in FINAL or self.process.due_at is not None


@console_view
@require_GET
def process(request: HttpRequest, *, process_id: UUID) -> HttpResponse:
    """Show a process, or with ``?state=<position>`` its state after that step."""
    found = unlocked(process_id)
    if "state" in request.GET:
        return _state(request, found, request.GET["state"])
    return show(request, found, _form(request, found))


@fragment_view
@require_GET
def live(request: HttpRequest, *, process_id: UUID) -> HttpResponse:
    """Return the part of the page that changes by itself. ``?form=`` is the form on the page."""
    found = unlocked(process_id)
    view = View(found, request.user, timezone.now())
    not_modified = unchanged(request, view.tag)
    if not_modified:
        return not_modified
    on_page = request.GET.get("form", "0")
    context: dict[str, Any] = {"view": view, "process": found, "form_on_page": on_page}
    open_row = view.open_row
    if on_page == "0" and open_row:
        context |= {"form": _form(request, found), "form_on_page": open_row.pk, "new_form": True}
    elif on_page != "0" and (open_row is None or str(open_row.pk) != on_page):
        context |= {"stale": next((r for r in view.rows if str(r.pk) == on_page), None)}
    response = render(request, "workflows/live.html", context)
    response["ETag"] = f'"{view.tag}"'
    return response


@console_view
def form(request: HttpRequest, *, process_id: UUID) -> HttpResponse:
    """Take a page of the form that a suspended process waits for."""
    found = unlocked(process_id)
    if request.method != "POST":
        return redirect("workflows:process", process_id=process_id)
    shown = answering.attempt(lambda: answering.answer_step(request.user, found, request.POST))
    if shown is not None:
        return show(request, found, shown)
    messages.success(request, "Answered. The process goes on.")
    return redirect("workflows:process", process_id=process_id)


def show(request: HttpRequest, found: Process, shown: answering.Shown | None) -> HttpResponse:
    """Render the whole page, with the form as far as it was filled in."""
    view = View(found, request.user, timezone.now())
    open_row = view.open_row
    context = {
        "title": str(found.workflow),
        "view": view,
        "process": found,
        "form": shown,
        "form_on_page": (shown.row_id or (open_row.pk if open_row else 0)) if shown else 0,
    }
    return page(request, "workflows/process.html", context)


def _form(request: HttpRequest, found: Process) -> answering.Shown | None:
    """Return the form to show; what keeps it from being shown is said in its place."""
    try:
        return answering.step_form(request.user, found)
    except (UnknownStep, UnknownWorkflow) as error:
        return answering.Shown(trouble=message(error))
    except WorkflowError:
        return None  # It was answered between two of our reads.


def _state(request: HttpRequest, found: Process, position: str) -> HttpResponse:
    at = int(position) if position.isdecimal() else -1
    rows = list(found.steps.order_by("position").only("position", "patch", "superseded", "name"))
    row = next((row for row in rows if row.position == at), None)
    values: list[Change] = changed({}, dict(sorted(state_after(rows, at).items())))
    context = {
        "title": f"State after {row.name}" if row else "No such step",
        "process": found,
        "row": row,
        "values": values,
    }
    if request.headers.get("HX-Request"):
        return render(request, "workflows/state_values.html", context)
    return page(request, "workflows/state.html", context, status=200 if row else 404)


__all__ = ["form", "live", "process", "show"]
