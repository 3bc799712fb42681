"""What an operator does to a callback: the consequence first, then the deed, then the page."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_noop as marked

from callbacks_app import by_hand, expected, payloads
from callbacks_app.answers import Receipt
from callbacks_app.by_hand import Person
from callbacks_app.console.consequences import WORDS, Deed, consequence
from callbacks_app.console.pages import callback_view
from callbacks_app.console.words import look
from callbacks_app.errors import (
    CallbackError,
    InvalidPayload,
    MalformedPayload,
    NoLongerOpen,
    ReasonMissing,
    UnknownToken,
)
from callbacks_app.models import CallbackAttempt, CallbackToken
from callbacks_app.serializers import LONGEST_EXTENSION
from callbacks_app.views import error_in
from workflows_app.console.pages import page, posted, sentence, username
from workflows_app.console.step_names import step_name
from workflows_app.console.values import pretty, shown

UNITS: Mapping[str, tuple[str, int]] = {
    "minutes": (marked("minutes"), 60),
    "hours": (marked("hours"), 3600),
    "days": (marked("days"), 86_400),
}
_DONE: Mapping[Receipt, str] = {
    "accepted": marked("Answered. The process goes on."),
    "stored_early": marked("Answered. The process takes it when it begins to wait."),
    "held": marked("Answered. The process goes on when the engine is unpaused."),
    "replayed": marked("This was answered before."),
}
_CORRECTABLE = (InvalidPayload, MalformedPayload, ReasonMissing)


@callback_view
def act(request: HttpRequest, *, callback_id: str, verb: Deed) -> HttpResponse:
    """Name the consequence of an action; by POST, do it."""
    callback = by_hand.find(callback_id)
    by_hand.require(request.user, callback)
    if request.method != "POST":
        if verb not in by_hand.fitting(callback):
            raise NoLongerOpen(
                _("That cannot be done: the callback is %(status)s.")
                % {"status": look(callback).word}
            )
        return _confirm(request, callback, verb)
    try:
        done = _DEEDS[verb](callback, request, _person(request))
    except _CORRECTABLE as error:
        return _confirm(request, callback, verb, trouble=error)
    return _done(request, callback, done)


@callback_view
def adopt(request: HttpRequest, *, callback_id: str, attempt_id: int) -> HttpResponse:
    """Name what taking a late answer leads to; by POST, take it."""
    callback = by_hand.find(callback_id)
    by_hand.require(request.user, callback)
    attempt = callback.attempts.filter(pk=attempt_id, adoptable=True).first()
    if attempt is None:
        raise UnknownToken
    if request.method != "POST":
        newest = by_hand.newest(callback)
        if "complete" not in by_hand.fitting(newest):
            raise NoLongerOpen(_("That cannot be done: nothing waits for this answer any more."))
        return _confirm(request, callback, "adopt", attempt=attempt)
    try:
        receipt = by_hand.adopt(attempt, person=_person(request))
    except _CORRECTABLE as error:
        return _confirm(request, callback, "adopt", attempt=attempt, trouble=error)
    return _done(request, callback, _(_DONE[receipt]))


def _confirm(
    request: HttpRequest,
    callback: CallbackToken,
    verb: Deed,
    *,
    attempt: CallbackAttempt | None = None,
    trouble: CallbackError | None = None,
) -> HttpResponse:
    schema = expected.schema_of(callback) if verb == "complete" else None
    blank = json.dumps(expected.skeleton(schema), indent=2, ensure_ascii=False) if schema else ""
    context = {
        "title": WORDS[verb].title,
        "callback": callback,
        "step": step_name(callback.process, callback.path),
        "verb": verb,
        "words": WORDS[verb],
        "consequence": consequence(verb, callback, attempt),
        "attempt": attempt,
        "payload": shown(attempt.payload) if attempt else None,
        "schema": pretty(schema) if schema else "",
        "typed": {"result": blank, "error_type": "Failure", "amount": "1", "unit": "hours"}
        | request.POST.dict(),
        "units": [(name, _(label)) for name, (label, _seconds) in UNITS.items()],
        "in_place": bool(request.headers.get("HX-Request")),
        "to_process": _to_process(request),
        "back": _back(request, callback),
        "trouble": sentence(trouble) if trouble else "",
        "places": list(_places(trouble)) if trouble else [],
    }
    if context["in_place"]:
        return render(request, "callbacks/form.html", context)
    return page(request, "callbacks/action.html", context, status=_status(trouble))


def _status(trouble: CallbackError | None) -> int:
    if trouble is None:
        return 200
    return 422 if isinstance(trouble, InvalidPayload) else 400


def _places(trouble: CallbackError) -> Iterator[tuple[str, str]]:
    """Return where a result or a failure does not fit, and why."""
    errors = trouble.facts.get("errors") or []
    if isinstance(errors, dict):
        yield from ((name, str(text)) for name, texts in errors.items() for text in texts)
        return
    for problem in errors:
        yield ".".join(map(str, problem["loc"])) or _("the result"), str(problem["msg"])


def _to_process(request: HttpRequest) -> bool:
    """Whether the form was opened on the process's page, and leads back there."""
    return request.GET.get("from") == "process"


def _back(request: HttpRequest, callback: CallbackToken) -> str:
    if _to_process(request):
        return callback.process.get_absolute_url()
    return reverse("callback_console:callback", args=[callback.public_id])


def _person(request: HttpRequest) -> Person:
    return Person(name=username(request), via="console", reason=posted(request, "reason"))


def _done(request: HttpRequest, callback: CallbackToken, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect(_back(request, callback))


def _complete(callback: CallbackToken, request: HttpRequest, person: Person) -> str:
    result = payloads.parse(request.POST.get("result", "").encode())
    return _(_DONE[by_hand.complete(callback, result=result, person=person)])


def _fail(callback: CallbackToken, request: HttpRequest, person: Person) -> str:
    body: dict[str, Any] = {
        "error_type": posted(request, "error_type", longest=256) or "Failure",
        "error_message": posted(request, "error_message", longest=32_768),
    }
    if told := request.POST.get("error_data", "").strip():
        body["error_data"] = payloads.parse(told.encode())
    if request.POST.get("retryable"):
        body["retryable"] = True
    by_hand.fail(callback, error=error_in(body), person=person)
    return _("Failed, as you said.")


def _cancel(callback: CallbackToken, _request: HttpRequest, person: Person) -> str:
    by_hand.cancel(callback, person=person)
    return _("Cancelled.")


def _extend(callback: CallbackToken, request: HttpRequest, person: Person) -> str:
    unit = UNITS.get(request.POST.get("unit", ""), UNITS["minutes"])[1]
    by_hand.extend(callback, span=_span(posted(request, "amount"), unit), person=person)
    return _("The deadline is extended.")


def _span(text: str, unit: int) -> timedelta:
    """Return how long is meant.

    Raises:
        InvalidPayload: it is no number, or none that makes sense.
    """
    try:
        seconds = float(text) * unit
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= LONGEST_EXTENSION:
        problem = {"loc": [_("how long")], "msg": _("a number, and a year at most")}
        raise InvalidPayload(_("That is no span of time."), errors=[problem])
    return timedelta(seconds=seconds)


_DEEDS: Mapping[Deed, Callable[[CallbackToken, HttpRequest, Person], str]] = {
    "complete": _complete,
    "fail": _fail,
    "cancel": _cancel,
    "extend": _extend,
}
