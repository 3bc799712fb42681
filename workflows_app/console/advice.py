"""What an operator can do about a failure: a sentence for its kind, and the actions that fit it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _, gettext_noop as marked

from workflows_app.console.consequences import WORDS, Words
from workflows_app.engine.answers import REJECTED
from workflows_app.models import Process, ProcessStep
from workflows_app.policy import Action
from workflows_app.statuses import ProcessStatus


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of failure: what to say, and what is done about it, the likeliest first."""

    sentence: str
    actions: Sequence[Action] = ("retry",)
    asks_callback: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about the failure of one step.

    Attributes:
        callback_at: the path of the step whose callbacks say more; "" if there is none.
    """

    sentence: str
    actions: list[tuple[Action, Words]]
    callback_at: str = ""


_LATE = Kind(
    marked(
        "Nobody answered in time. If the remote system has done it, complete the callback by hand. "
        "Otherwise Retry asks it again, at a new address."
    ),
    asks_callback=True,
)
_REPORTED = Kind(
    marked(
        "The remote system reported a failure. Retry asks it again, at a new address. If it has "
        "done its work all the same, complete the callback by hand."
    ),
    asks_callback=True,
)
_AWAY = Kind(
    marked("A remote system did not answer. Nothing needs to be changed here: retry when it does.")
)
_STATE = Kind(
    marked("The state lacks what the step needs, or has it in another form. Edit it, then retry."),
    ("edit", "retry"),
)
_CODE = Kind(
    marked("What the step returned cannot be kept. The workflow needs a change; then retry."),
    ("retry", "skip"),
)
_UNKNOWN_OUTCOME = Kind(
    marked(
        "It is not known how far the step came. Look outside: if its work is done, skip the step; "
        "if not, retry."
    ),
    ("retry", "skip"),
)
_KINDS: Mapping[str, Kind] = {
    "UnknownStep": Kind(
        marked("The step is no longer part of the workflow. Retry asks where to continue.")
    ),
    "UnknownWorkflow": Kind(
        marked("The workers' code does not have the workflow. Deploy it again, then retry.")
    ),
    "Interrupted": _UNKNOWN_OUTCOME,
    "StepTimedOut": _UNKNOWN_OUTCOME,
    "CallbackTimedOut": _LATE,
    "CallbackHeartbeatTimedOut": _LATE,
    "CallbackFailed": _REPORTED,
    "CallbackMapFailed": _REPORTED,
    "CallbackCancelled": Kind(
        marked("The callback was withdrawn. Retry asks the remote system again, at a new address."),
        asks_callback=True,
    ),
    "ApiUnavailable": _AWAY,
    "ConnectionError": _AWAY,
    "ConnectTimeout": _AWAY,
    "ReadTimeout": _AWAY,
    "Timeout": _AWAY,
    "SubscriptionLocked": Kind(
        marked("Another process is changing the subscription. Retry when that one has ended.")
    ),
    "StaleDataError": Kind(
        marked("Somebody else changed the subscription meanwhile. Retry reads it again.")
    ),
    "InconsistentData": Kind(
        marked("What was found is not what should be. Mend that where it is, then retry.")
    ),
    "MissingParameter": _STATE,
    "WrongParameter": _STATE,
    "WrongResult": _CODE,
    "NotJSON": _CODE,
    REJECTED: Kind(
        marked(
            "Whoever was asked said no. Retry asks again; to repeat work that came before, retry "
            "from there."
        )
    ),
    "SealBroken": Kind(
        marked("Put the SECRET_KEY that is lost into SECRET_KEY_FALLBACKS, then retry.")
    ),
}
_REJECTED = Kind(
    marked(
        "The remote system answered, and the step did not accept the answer. Retry asks it again, "
        "at a new address. To accept the answer as it is, skip the step."
    ),
    ("retry", "skip"),
    asks_callback=True,
)
_ANY = Kind(
    marked(
        "Retry runs the step again. If the cause is in the state, edit that first; if the work was "
        "done outside, skip the step."
    ),
    ("retry", "edit", "skip"),
)
_AGAIN = Kind(marked("It is tried again by itself. Go on now tries it at once."), ("resume",))


def advice(process: Process, row: ProcessStep, allowed: Sequence[Action]) -> Advice:
    """Return what can be done about the step's failure, as far as it is ``allowed``."""
    callback_at = _callback_before(process, row.path)
    kind = _kind(process, row, answered=bool(callback_at) and callback_at != row.path)
    actions = [(action, WORDS[action]) for action in kind.actions if action in allowed]
    return Advice(_(kind.sentence), actions, callback_at if kind.asks_callback else "")


def _kind(process: Process, row: ProcessStep, *, answered: bool) -> Kind:
    if process.status == ProcessStatus.WAITING:
        return _AGAIN
    default = _REJECTED if answered else _ANY
    if process.status == ProcessStatus.API_UNAVAILABLE:
        default = _AWAY
    return _KINDS.get(row.error_class, default)


def _callback_before(process: Process, path: str) -> str:
    """Return the callback step that the step is, or that it follows within the same group."""
    found = ""
    for step in process.definition:
        group = step["path"].removesuffix(step["name"])
        if step["kind"] == "callback":
            found = step["path"]
        elif not (group and found.startswith(group)):
            found = ""
        if step["path"] == path:
            return found
    return ""
