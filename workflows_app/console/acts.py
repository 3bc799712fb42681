"""The deeds that an operator confirms, and what the page says once they are done."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from django.http import HttpRequest
from django.utils.translation import gettext as _, gettext_noop as marked

from workflows_app import engine
from workflows_app.console import editing
from workflows_app.console.editing import Incomplete
from workflows_app.console.pages import posted, username
from workflows_app.models import Process
from workflows_app.policy import Action

_Deed: TypeAlias = Callable[[Process, HttpRequest, str], None]

DONE: Mapping[Action, str] = {
    "resume": marked("The process goes on."),
    "reject": marked("Rejected. The process has failed."),
    "retry": marked("Retried. The process goes on."),
    "skip": marked("Skipped. The process goes on."),
    "edit": marked("The state is changed. Retry the process to use it."),
    "abort": marked("Aborted."),
    "note": marked("The note is changed."),
    "delete": marked("Deleted."),
}


def _reason(request: HttpRequest) -> str:
    return posted(request, "reason")


def _resume(process: Process, request: HttpRequest, _from_step: str) -> None:
    engine.resume(process.pk, by=username(request), reason=_reason(request))


def _reject(process: Process, request: HttpRequest, _from_step: str) -> None:
    engine.reject(process.pk, by=username(request), reason=_reason(request))


def _retry(process: Process, request: HttpRequest, from_step: str) -> None:
    by, reason = username(request), _reason(request)
    engine.retry(process.pk, by=by, from_step=from_step or None, reason=reason)


def _skip(process: Process, request: HttpRequest, _from_step: str) -> None:
    engine.skip(process.pk, by=username(request), reason=_reason(request))


def _edit(process: Process, request: HttpRequest, _from_step: str) -> None:
    whose = f"{process.pk} {username(request)}"
    values = editing.unsealed(request.POST.get("sealed", ""), whose=whose)
    engine.edit_state(process.pk, values=values, by=username(request), reason=_reason(request))


def _abort(process: Process, request: HttpRequest, _from_step: str) -> None:
    engine.abort(process.pk, by=username(request), reason=_reason(request))


def _note(process: Process, request: HttpRequest, _from_step: str) -> None:
    longest = int(Process._meta.get_field("note").max_length or 0)
    note = posted(request, "note", longest=longest + 1)
    if len(note) > longest:
        told = _("the note is longer than %(longest)s characters")
        raise Incomplete(told % {"longest": longest})
    engine.set_note(process.pk, note=note, by=username(request))


def _delete(process: Process, request: HttpRequest, _from_step: str) -> None:
    engine.delete(process.pk, by=username(request), reason=_reason(request))


DEEDS: Mapping[Action, _Deed] = {
    "resume": _resume,
    "reject": _reject,
    "retry": _retry,
    "skip": _skip,
    "edit": _edit,
    "abort": _abort,
    "note": _note,
    "delete": _delete,
}
