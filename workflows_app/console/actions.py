"""What an operator does to a process: the consequence first, then the deed, then the page."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from workflows_app import engine, policy
from workflows_app.console.consequences import WORDS, consequence, is_stranded
from workflows_app.console.pages import console_view, page, posted, sentence, username
from workflows_app.console.values import pretty
from workflows_app.engine.loading import load, unlocked
from workflows_app.errors import WorkflowError, WrongStatus
from workflows_app.models import Process
from workflows_app.policy import Action

DONE: Mapping[Action, str] = {
    "resume": "The process goes on.",
    "retry": "Retried. The process goes on.",
    "skip": "Skipped. The process goes on.",
    "edit": "The state is changed. Retry the process to use it.",
    "abort": "Aborted.",
    "note": "The note is changed.",
    "delete": "Deleted.",
}


class Incomplete(WorkflowError):
    """Something that the action needs was not given, or cannot be read."""


@console_view
def act(request: HttpRequest, *, process_id: UUID, action: Action) -> HttpResponse:
    """Name the consequence of an action; by POST, do it."""
    process = unlocked(process_id)
    policy.require(request.user, action, process)
    if request.method != "POST":
        if not _fits(request.user, action, process):
            raise WrongStatus(process.pk, actual=process.status, wanted="that cannot be done now")
        return _confirm(request, process, action)
    try:
        _check(request, action)
        _DEEDS[action](process, request)
    except Incomplete as error:
        return _confirm(request, process, action, trouble=sentence(error))
    messages.success(request, DONE[action])
    gone = action == "delete"
    return redirect(reverse("workflows:processes") if gone else process.get_absolute_url())


def _fits(user: Any, action: Action, process: Process) -> bool:
    stranded = action == "retry" and is_stranded(process)
    return stranded or action in policy.allowed_actions(user, process)


def _confirm(
    request: HttpRequest, process: Process, action: Action, *, trouble: str = ""
) -> HttpResponse:
    words = WORDS[action]
    context = {
        "title": words.title,
        "process": process,
        "action": action,
        "words": words,
        "consequence": consequence(action, process),
        "trouble": trouble,
        "reason": request.POST.get("reason", ""),
        "values": request.POST.get("values", "{}"),
        "state": pretty(load(process).state) if action == "edit" else "",
    }
    return page(request, "workflows/action.html", context, status=400 if trouble else 200)


def _check(request: HttpRequest, action: Action) -> None:
    if WORDS[action].reason_required and not _reason(request):
        raise Incomplete("a reason is needed: it is kept in the action log")


def _reason(request: HttpRequest) -> str:
    return posted(request, "reason")


def _resume(process: Process, request: HttpRequest) -> None:
    engine.resume(process.pk, by=username(request), reason=_reason(request))


def _retry(process: Process, request: HttpRequest) -> None:
    step = request.POST.get("from_step") or None
    engine.retry(process.pk, by=username(request), from_step=step, reason=_reason(request))


def _skip(process: Process, request: HttpRequest) -> None:
    engine.skip(process.pk, by=username(request), reason=_reason(request))


def _edit(process: Process, request: HttpRequest) -> None:
    try:
        values = json.loads(request.POST.get("values", ""))
    except ValueError as error:
        raise Incomplete(f"the values are not JSON: {error}") from error
    if not isinstance(values, dict) or not values:
        raise Incomplete("the values are a JSON object with at least one key")
    engine.edit_state(process.pk, values=values, by=username(request), reason=_reason(request))


def _abort(process: Process, request: HttpRequest) -> None:
    engine.abort(process.pk, by=username(request), reason=_reason(request))


def _note(process: Process, request: HttpRequest) -> None:
    longest = int(Process._meta.get_field("note").max_length or 0)
    note = posted(request, "note", longest=longest + 1)
    if len(note) > longest:
        raise Incomplete(f"the note is longer than {longest} characters")
    engine.set_note(process.pk, note=note, by=username(request))


def _delete(process: Process, request: HttpRequest) -> None:
    engine.delete(process.pk, by=username(request), reason=_reason(request))


_DEEDS: Mapping[Action, Callable[[Process, HttpRequest], None]] = {
    "resume": _resume,
    "retry": _retry,
    "skip": _skip,
    "edit": _edit,
    "abort": _abort,
    "note": _note,
    "delete": _delete,
}
