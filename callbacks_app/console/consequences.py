"""What an operator's action will do, said before it is done."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from django.utils import timezone
from django.utils.translation import gettext as _, gettext_noop as marked

from callbacks_app import by_hand
from callbacks_app.console.words import look
from callbacks_app.models import CallbackAttempt, CallbackStatus, CallbackToken
from callbacks_app.options import options_of
from workflows_app.console.consequences import Words
from workflows_app.console.moments import span
from workflows_app.console.step_names import step_name
from workflows_app.statuses import FAILURES

Deed: TypeAlias = Literal["complete", "fail", "cancel", "extend", "adopt"]

WORDS: Mapping[str, Words] = {
    "complete": Words(marked("Complete"), marked("Complete the callback"), reason_required=True),
    "fail": Words(marked("Fail"), marked("Fail the callback"), tone="danger", reason_required=True),
    "cancel": Words(
        marked("Cancel"), marked("Cancel the callback"), tone="danger", reason_required=True
    ),
    "extend": Words(
        marked("Extend"), marked("Extend the deadline"), tone="quiet", reason_required=True
    ),
    "adopt": Words(
        marked("Adopt this answer"), marked("Adopt a late answer"), reason_required=True
    ),
}


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
    return [_takes(callback, _("what you give as the remote system's answer")), _refused()]


def _refused() -> str:
    return _("What the remote system sends after that is refused and kept in the log.")


def _overrule(callback: CallbackToken) -> list[str]:
    goes_on = _(
        "The process, which stands still at “%(step)s”, goes on with this result and with what "
        "follows there, such as its validation."
    )
    return [
        _("This overrules how the callback ended: %(status)s.") % {"status": look(callback).word},
        goes_on % {"step": step_name(callback.process, callback.waits_at)},
        _("Nothing is asked of the remote system again."),
    ]


def _takes(callback: CallbackToken, what: str) -> str:
    name = step_name(callback.process, callback.waits_at or callback.path)
    text = _(
        "“%(step)s” takes %(what)s, and the process goes on with what follows, such as validation."
    )
    if callback.process.status in FAILURES:
        text = _(
            "The process has failed before it waited: %(what)s is kept, but a retry asks anew."
        )
    elif callback.status == CallbackStatus.ARMED:
        text = _("The process does not wait yet: %(what)s is kept, and taken when it does.")
    return text % {"step": name, "what": what}


def _fail(callback: CallbackToken) -> list[str]:
    again = _(
        "If you call it retryable, the step asks again by a new callback, as its retry allows."
    )
    retries = options_of(callback).retry is not None
    return [
        _("The step that waits fails with this type and message."),
        *([again] if retries else []),
        _refused(),
    ]


def _cancel(_callback: CallbackToken) -> list[str]:
    return [
        _("The callback is withdrawn, and the step that waits for it fails."),
        _("The remote system is not called. It is told to stop when it calls next (410)."),
    ]


def _extend(callback: CallbackToken) -> list[str]:
    sentences = [_("The callback expires so long from now, unless its deadline is later already.")]
    if callback.deadline_at:
        left = span(callback.deadline_at - timezone.now())
        sentences.append(_("Now it expires in %(span)s.") % {"span": left})
    if callback.heartbeat:
        silence = _("A silence of %(span)s still ends it: that is not changed.")
        sentences.append(silence % {"span": span(callback.heartbeat)})
    return sentences


def _adopt(callback: CallbackToken) -> list[str]:
    newest, sentences = by_hand.newest(callback), []
    if newest.pk != callback.pk:
        text = _("It answers the newer %(callback)s.")
        sentences.append(text % {"callback": newest.public_id})
    if by_hand.can_be_overruled(newest):
        return sentences + _overrule(newest)
    what = _("this result as the remote system's answer")
    return [*sentences, _takes(newest, what), _refused()]


_SAYINGS: Mapping[Deed, Callable[[CallbackToken], list[str]]] = {
    "complete": _complete,
    "fail": _fail,
    "cancel": _cancel,
    "extend": _extend,
    "adopt": _adopt,
}
