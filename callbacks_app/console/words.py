"""What is going on with a callback, in one sentence; and how its status and its log read."""

from collections.abc import Callable, Mapping
from datetime import datetime

from callbacks_app.models import CallbackStatus, CallbackToken
from workflows_app.console.moments import Moment, span
from workflows_app.console.sentences import Look, Sentence, progress_text

_S = CallbackStatus
LOOKS: Mapping[str, Look] = {
    "started": Look("hourglass", "violet", "started"),
    "succeeded": Look("tick", "green", "succeeded"),
    "failed": Look("cross", "red", "failed"),
    "timed_out": Look("clock", "red", "timed out"),
    "cancelled": Look("stop", "grey", "cancelled"),
    "stopped": Look("dash", "grey", "stopped"),
}
WAYS: Mapping[str, str] = {
    "callback": "at its address",
    "mistral": "by Mistral's API",
    "console": "by hand, in the console",
    "api": "by hand, over the API",
    "command": "by hand, in the shell",
}
OUTCOMES: Mapping[str, str] = {
    "accepted": "accepted",
    "stored_early": "accepted, before the process waited",
    "held": "accepted, while the engine was paused",
    "replayed": "the same answer again",
    "overruled": "overruled how it had ended",
    "already_answered": "refused: it was answered",
    "idempotency_key_reused": "refused: another body under the same key",
    "expired": "refused: too late",
    "cancelled": "refused: it was cancelled",
    "superseded": "refused: a later attempt has replaced it",
    "process_finished": "refused: the process had ended",
    "finished": "refused: it was answered",
    "invalid_payload": "refused: not what the step expects",
    "bad_signature": "refused: not signed as the step demands",
}


def look(callback: CallbackToken) -> Look:
    """Return how the callback's status looks."""
    return LOOKS[callback.operation_status]


def outcome(code: str) -> str:
    """Return what became of a request."""
    return OUTCOMES.get(code) or f"refused: {code.replace('_', ' ')}"


def sentence(callback: CallbackToken, now: datetime) -> Sentence:
    """Say what is going on with the callback."""
    if callback.is_open and callback.process.is_final:
        return ["the process has ended, so an answer is refused"]
    return _SENTENCES[_S(callback.status)](callback, now)


def _armed(callback: CallbackToken, now: datetime) -> Sentence:
    return [
        "handed out ",
        Moment(callback.created_at, now),
        " ago, the process does not wait for it yet",
    ]


def _awaiting(callback: CallbackToken, now: datetime) -> Sentence:
    if callback.paused:
        return ["paused by the remote system", *_heard(callback, now)]
    if callback.progress is not None:
        return [f"remote: {progress_text(callback.progress)}"]
    return ["waits for the remote system", *_heard(callback, now)]


def _heard(callback: CallbackToken, now: datetime) -> Sentence:
    if callback.progress_at is None:
        return [" since ", Moment(callback.created_at, now)]
    return [", last heard ", Moment(callback.progress_at, now), " ago"]


def _succeeded(callback: CallbackToken, now: datetime) -> Sentence:
    return ["answered", *_by_whom(callback, now)]


def _failed(callback: CallbackToken, now: datetime) -> Sentence:
    error = callback.error or {}
    said = error.get("error_message") or "the remote system reported a failure"
    kind = error.get("error_type") or "Failure"
    return [f"{kind}: {' '.join(str(said).split())[:300]} · reported", *_by_whom(callback, now)]


def _timed_out(callback: CallbackToken, _now: datetime) -> Sentence:
    if (callback.error or {}).get("error_type") == "Callback.Heartbeat":
        silence = f" for {span(callback.heartbeat)}" if callback.heartbeat else ""
        return [f"nothing was heard of the remote system{silence}"]
    return [f"nobody answered within {span(callback.timeout)}" if callback.timeout else "too late"]


def _cancelled(callback: CallbackToken, now: datetime) -> Sentence:
    if callback.answered_at is None:
        return ["withdrawn, as it was no longer needed"]
    return ["withdrawn", *_by_whom(callback, now)]


def _superseded(_callback: CallbackToken, _now: datetime) -> Sentence:
    return ["a later attempt has replaced it"]


def _by_whom(callback: CallbackToken, now: datetime) -> Sentence:
    who = f" by {callback.answered_by}" if callback.answered_by else ""
    way = f" {WAYS.get(callback.answered_via, callback.answered_via)}"
    if callback.answered_at is None:
        return [f"{who}{way.rstrip()}"]
    return [f"{who}{way.rstrip()}, ", Moment(callback.answered_at, now), " ago"]


_SENTENCES: Mapping[CallbackStatus, Callable[[CallbackToken, datetime], Sentence]] = {
    _S.ARMED: _armed,
    _S.AWAITING: _awaiting,
    _S.SUCCEEDED: _succeeded,
    _S.FAILED: _failed,
    _S.TIMED_OUT: _timed_out,
    _S.CANCELLED: _cancelled,
    _S.SUPERSEDED: _superseded,
}
