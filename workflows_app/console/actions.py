"""What an operator does to a process: the consequence first, then the deed, then the page.

With htmx the confirmation opens in a dialog on the process's page; else it is a page of its own.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from workflows_app import policy
from workflows_app.console import editing, meanwhile
from workflows_app.console.acts import DEEDS, DONE
from workflows_app.console.consequences import (
    WORDS,
    Consequence,
    Words,
    consequence,
    is_stranded,
)
from workflows_app.console.differences import Difference, patched
from workflows_app.console.editing import Incomplete
from workflows_app.console.meanwhile import Moved
from workflows_app.console.pages import console_view, page, posted, sentence, username
from workflows_app.console.retrying import retry_points
from workflows_app.console.sentences import LOOKS, Look
from workflows_app.engine.loading import load, locked, unlocked
from workflows_app.errors import UnknownStep, WorkflowError, WrongStatus
from workflows_app.models import Process
from workflows_app.policy import Action

DIALOG = "dialog"  # The element on the process's page that a confirmation opens in.


@dataclass
class Confirmation:
    """What the operator is told and asked before something is done."""

    process: Process
    action: Action
    consequence: Consequence
    from_step: str = ""
    trouble: str = ""
    moved: Moved | None = None
    preview: list[Difference] = field(default_factory=list)
    sealed: str = ""

    @property
    def words(self) -> Words:
        """How the action is called."""
        return WORDS[self.action]

    @property
    def now(self) -> Look:
        """How the status of the process looks now."""
        return LOOKS[self.process.status]

    @property
    def seen(self) -> str:
        """A mark of what is confirmed."""
        return meanwhile.seen(self.action, self.process, self.consequence)

    @property
    def since(self) -> str:
        """Up to where the process's history is known."""
        return meanwhile.since(self.process)


@console_view
def act(request: HttpRequest, *, process_id: UUID, action: Action) -> HttpResponse:
    """Name the consequence of an action; by POST, do it."""
    try:
        return _act(request, unlocked(process_id), action)
    except WorkflowError as error:
        if not _in_dialog(request):
            raise
        return render(request, "workflows/action_refused.html", {"why": sentence(error)})


def _act(request: HttpRequest, process: Process, action: Action) -> HttpResponse:
    from_step = _from_step(request, process, action)
    policy.require(request.user, action, process, from_step=from_step)
    if request.method != "POST":
        if not _fits(request.user, action, process):
            raise WrongStatus(
                process.pk, actual=process.status, wanted=_("that cannot be done now")
            )
        return _confirm(request, _ask(process, action, from_step))
    try:
        refusal = _do(request, process.pk, action, from_step)
    except Incomplete as error:
        asked = _ask(process, action, from_step)
        asked.trouble = sentence(error)
        return _confirm(request, asked, status=400)
    return refusal or _done(request, process, action)


def _do(
    request: HttpRequest, process_id: UUID, action: Action, from_step: str
) -> HttpResponse | None:
    """Do it, if it still is what was confirmed; else return the page that says what is new."""
    with transaction.atomic():
        process = locked(process_id)
        asked = _ask(process, action, from_step)
        if request.POST.get("seen", asked.seen) != asked.seen:
            asked.moved = meanwhile.moved(request, process)
            return _confirm(request, asked, status=409)
        if WORDS[action].reason_required and not posted(request, "reason"):
            raise Incomplete(_("a reason is needed: it is kept in the action log"))
        if action == "edit" and "sealed" not in request.POST:
            return _preview(request, asked)
        DEEDS[action](process, request, from_step)
    return None


def _ask(process: Process, action: Action, from_step: str) -> Confirmation:
    return Confirmation(
        process, action, consequence(action, process, from_step=from_step), from_step
    )


def _preview(request: HttpRequest, asked: Confirmation) -> HttpResponse:
    """Show what an edit would change, to be confirmed."""
    state = load(asked.process).state
    values = editing.given(state, request.POST)
    asked.preview = patched(state, values)
    asked.sealed = editing.sealed(values, whose=f"{asked.process.pk} {username(request)}")
    return _confirm(request, asked)


def _confirm(request: HttpRequest, asked: Confirmation, *, status: int = 200) -> HttpResponse:
    process, editable = asked.process, asked.action == "edit" and not asked.preview
    context: dict[str, Any] = {
        "title": asked.words.title,
        "process": process,
        "asked": asked,
        "reason": posted(request, "reason"),
        "note": request.POST.get("note", process.note),
        "fields": editing.fields(load(process).state, request.POST) if editable else [],
        "typed": request.POST,
        "again": asked.moved is not None and _fits(request.user, asked.action, process),
    }
    if _in_dialog(request):
        return render(request, "workflows/action_dialog.html", context, status=status)
    return page(request, "workflows/action.html", context, status=status)


def _done(request: HttpRequest, process: Process, action: Action) -> HttpResponse:
    """Lead back to the process, which says what was done."""
    said = _(DONE[action])
    if action != "delete" and _in_dialog(request):
        done = trigger_client_event(HttpResponse(status=204), "done", {"says": said})
        return trigger_client_event(done, "process-changed", {})
    messages.success(request, said)
    where = process.get_absolute_url() if action != "delete" else reverse("workflows:processes")
    return HttpResponseClientRedirect(where) if _in_dialog(request) else redirect(where)


def _fits(user: Any, action: Action, process: Process) -> bool:
    stranded = action == "retry" and is_stranded(process)
    return stranded or action in policy.allowed_actions(user, process)


def _from_step(request: HttpRequest, process: Process, action: Action) -> str:
    """Return the step that a retry is to begin with; "" for where the process stands.

    Raises:
        UnknownStep: one cannot go back to that step.
    """
    sent = request.POST if request.method == "POST" else request.GET
    path = sent.get("from_step", "") if action == "retry" else ""
    if not path:
        return ""
    allowed = [step for step, _name in consequence("retry", process).choices]
    allowed = allowed or retry_points(process, list(process.steps.defer("patch", "traceback")))
    if path not in allowed:
        raise UnknownStep(path, allowed)
    return path


def _in_dialog(request: HttpRequest) -> bool:
    return request.headers.get("HX-Target") == DIALOG
