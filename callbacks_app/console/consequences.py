"""What an operator's action will do, said before it is done."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from django.utils import timezone

from callbacks_app import by_hand
from callbacks_app.console.words import look
from callbacks_app.models import CallbackAttempt, CallbackStatus, CallbackToken
from callbacks_app.options import options_of
from workflows_app.console.consequences import Words
from workflows_app.console.moments import span
from workflows_app.console.sentences import step_name
from workflows_app.statuses import FAILURES

Deed: TypeAlias = Literal["complete", "fail", "cancel", "extend", "adopt"]

WORDS: Mapping[str, Words] = {
    "complete": Words("Complete", "Complete the callback", reason_required=True),
    "fail": Words("Fail", "Fail the callback", tone="danger", reason_required=True),
    "cancel": Words("Cancel", "Cancel the callback", tone="danger", reason_required=True),
    "extend": Words("Extend", "Extend the deadline", tone="quiet", reason_required=True),
    "adopt": Words("Adopt this answer", "Adopt a late answer", reason_required=True),
}
_REFUSED = "What the remote system sends after that is refused and kept in the log."


def consequence(
    deed: Deed, callback: CallbackToken, attempt: CallbackAttempt | None = None
) -> list[str]:
    """Say what the action will do to the callback and its process."""
    if attempt is not None:
        return _adopt(callback)
    return _SAYINGS[deed](callback)


def _complete(callback: CallbackToken) -> list[str]:
    if by_hand.can_be_overruled(callback):
        return _overrule(callback)
    return [_takes(callback, "what you give as the remote system's answer"), _REFUSED]


def _overrule(callback: CallbackToken) -> list[str]:
    name = step_name(callback.process, callback.waits_at)
    return [
        f"This overrules how the callback ended: it has {_ending(callback)}.",
        f"The process, which stands still at “{name}”, goes on with this result and with what "
        "follows there, such as its validation.",
        "Nothing is asked of the remote system again.",
    ]


def _ending(callback: CallbackToken) -> str:
    word = look(callback).word
    return f"been {word}" if word in ("cancelled", "stopped") else word


def _takes(callback: CallbackToken, what: str) -> str:
    name = step_name(callback.process, callback.waits_at or callback.path)
    if callback.process.status in FAILURES:
        return f"The process has failed before it waited: {what} is kept, but a retry asks anew."
    if callback.status == CallbackStatus.ARMED:
        return f"The process does not wait yet: {what} is kept, and taken when it does."
    return f"“{name}” takes {what}, and the process goes on with what follows, such as validation."


def _fail(callback: CallbackToken) -> list[str]:
    again = "If you call it retryable, the step asks again by a new callback, as its retry allows."
    retries = options_of(callback).retry is not None
    return [
        "The step that waits fails with this type and message.",
        *([again] if retries else []),
        _REFUSED,
    ]


def _cancel(_callback: CallbackToken) -> list[str]:
    return [
        "The callback is withdrawn, and the step that waits for it fails.",
        "The remote system is not called. It is told to stop when it calls next (410).",
    ]


def _extend(callback: CallbackToken) -> list[str]:
    sentences = ["The callback expires so long from now, unless its deadline is later already."]
    if callback.deadline_at:
        left = span(callback.deadline_at - timezone.now())
        sentences.append(f"Now it expires in {left}.")
    if callback.heartbeat:
        silence = span(callback.heartbeat)
        sentences.append(f"A silence of {silence} still ends it: that is not changed.")
    return sentences


def _adopt(callback: CallbackToken) -> list[str]:
    newest = by_hand.newest(callback)
    sentences = [] if newest.pk == callback.pk else [f"It answers the newer {newest.public_id}."]
    if by_hand.can_be_overruled(newest):
        return sentences + _overrule(newest)
    return [*sentences, _takes(newest, "this result as the remote system's answer"), _REFUSED]


_SAYINGS: Mapping[Deed, Callable[[CallbackToken], list[str]]] = {
    "complete": _complete,
    "fail": _fail,
    "cancel": _cancel,
    "extend": _extend,
    "adopt": _adopt,
}
