"""What is going on with a callback, in one sentence; and how its status and its log read."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.utils.translation import gettext as _, gettext_noop as marked

from callbacks_app.models import CallbackStatus, CallbackToken
from workflows_app.console.moments import Moment, span
from workflows_app.console.sentences import Look, Sentence, compose, joined, progress_text

_S = CallbackStatus
LOOKS: Mapping[str, Look] = {
    "started": Look("hourglass", "violet", marked("started")),
    "succeeded": Look("tick", "green", marked("succeeded")),
    "failed": Look("cross", "red", marked("failed")),
    "timed_out": Look("clock", "red", marked("timed out")),
    "cancelled": Look("stop", "grey", marked("cancelled")),
    "stopped": Look("dash", "grey", marked("stopped")),
}
WAYS: Mapping[str, str] = {
    "callback": marked("at its address"),
    "mistral": marked("by Mistral's API"),
    "console": marked("by hand, in the console"),
    "api": marked("by hand, over the API"),
    "command": marked("by hand, in the shell"),
}
OUTCOMES: Mapping[str, str] = {
    "accepted": marked("accepted"),
    "stored_early": marked("accepted, before the process waited"),
    "held": marked("accepted, while the engine was paused"),
    "replayed": marked("the same answer again"),
    "overruled": marked("overruled how it had ended"),
    "already_answered": marked("refused: it was answered"),
    "idempotency_key_reused": marked("refused: another body under the same key"),
    "expired": marked("refused: too late"),
    "cancelled": marked("refused: it was cancelled"),
    "superseded": marked("refused: a later attempt has replaced it"),
    "process_finished": marked("refused: the process had ended"),
    "finished": marked("refused: it was answered"),
    "invalid_payload": marked("refused: not what the step expects"),
    "bad_signature": marked("refused: not signed as the step demands"),
}

DEEDS = (  # In the action log.
    marked("answered by hand"),
    marked("callback address shown"),
    marked("callback extended"),
    marked("callback is paused"),
    marked("callback is running"),
)


def look(callback: CallbackToken) -> Look:
    """Return how the callback's status looks."""
    return LOOKS[callback.operation_status]


def outcome(code: str) -> str:
    """Return what became of a request."""
    known = OUTCOMES.get(code)
    return _(known) if known else _("refused: %(code)s") % {"code": code.replace("_", " ")}


def way(via: str) -> str:
    """Return how an answer came."""
    return _(WAYS[via]) if via in WAYS else via


def sentence(callback: CallbackToken, now: datetime) -> Sentence:
    """Say what is going on with the callback."""
    if callback.is_open and callback.process.is_final:
        return [_("the process has ended, so an answer is refused")]
    return _SENTENCES[_S(callback.status)](callback, now)


def _armed(callback: CallbackToken, now: datetime) -> Sentence:
    text = _("handed out %(span)s ago, the process does not wait for it yet")
    return compose(text, span=Moment(callback.created_at, now))


def _awaiting(callback: CallbackToken, now: datetime) -> Sentence:
    if callback.progress is not None and not callback.paused:
        return compose(_("remote: %(progress)s"), progress=progress_text(callback.progress))
    if callback.progress_at is None:
        text = _("waits for the remote system since %(span)s")
        if callback.paused:
            text = _("paused by the remote system since %(span)s")
        return compose(text, span=Moment(callback.created_at, now))
    text = _("waits for the remote system, last heard %(span)s ago")
    if callback.paused:
        text = _("paused by the remote system, last heard %(span)s ago")
    return compose(text, span=Moment(callback.progress_at, now))


def _succeeded(callback: CallbackToken, now: datetime) -> Sentence:
    return _by_whom(_("answered by %(whom)s, %(span)s ago"), callback, now)


def _failed(callback: CallbackToken, now: datetime) -> Sentence:
    error = callback.error or {}
    said = error.get("error_message") or _("the remote system reported a failure")
    kind = error.get("error_type") or "Failure"
    what = f"{kind}: {' '.join(str(said).split())[:300]}"
    return joined([what], _by_whom(_("reported by %(whom)s, %(span)s ago"), callback, now))


def _timed_out(callback: CallbackToken, _now: datetime) -> Sentence:
    if (callback.error or {}).get("error_type") == "Callback.Heartbeat":
        if not callback.heartbeat:
            return [_("nothing was heard of the remote system")]
        text = _("nothing was heard of the remote system for %(span)s")
        return compose(text, span=span(callback.heartbeat))
    if not callback.timeout:
        return [_("too late")]
    return compose(_("nobody answered within %(span)s"), span=span(callback.timeout))


def _cancelled(callback: CallbackToken, now: datetime) -> Sentence:
    if callback.answered_at is None:
        return [_("withdrawn, as it was no longer needed")]
    return _by_whom(_("withdrawn by %(whom)s, %(span)s ago"), callback, now)


def _by_whom(text: str, callback: CallbackToken, now: datetime) -> Sentence:
    whom = f"{callback.answered_by} {way(callback.answered_via)}".strip()
    return compose(text, whom=whom, span=Moment(callback.answered_at or now, now))


def _superseded(_callback: CallbackToken, _now: datetime) -> Sentence:
    return [_("a later attempt has replaced it")]


_SENTENCES: Mapping[CallbackStatus, Callable[[CallbackToken, datetime], Sentence]] = {
    _S.ARMED: _armed,
    _S.AWAITING: _awaiting,
    _S.SUCCEEDED: _succeeded,
    _S.FAILED: _failed,
    _S.TIMED_OUT: _timed_out,
    _S.CANCELLED: _cancelled,
    _S.SUPERSEDED: _superseded,
}
