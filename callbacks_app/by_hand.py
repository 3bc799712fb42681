"""What an operator does to a callback in the remote system's place.

The same consumption as the remote system's own answer, with a reason and a line in the action log.
Beyond that an operator may overrule: give the result of a callback that has timed out, failed or
was cancelled, while the process stands still because of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from callbacks_app import answers, attempts, deadlines, payloads
from callbacks_app.answers import Answer, Receipt
from callbacks_app.attempts import Kind, Sender, Via
from callbacks_app.errors import (
    CallbackError,
    NotPermitted,
    ReasonMissing,
    UnknownToken,
)
from callbacks_app.models import CallbackAttempt, CallbackStatus, CallbackToken, public_id_of
from callbacks_app.options import options_of
from workflows_app import engine, policy
from workflows_app.json_values import JSON
from workflows_app.models import ProcessEvent
from workflows_app.statuses import FAILURES, FINAL

PERMISSION = "callbacks_app.answer_callback"
Verb: TypeAlias = Literal["complete", "fail", "cancel", "extend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts, by which way, and why."""

    name: str
    via: Via
    reason: str

    @property
    def sender(self) -> Sender:
        """How the log of requests names the person.

        Raises:
            ReasonMissing: there is none.
        """
        if not self.reason.strip():
            raise ReasonMissing
        return Sender(source=self.name, via=self.via, reason=self.reason.strip())


def find(identity: str) -> CallbackToken:
    """Return the callback with that public id, or that id in the form of a UUID.

    Raises:
        UnknownToken: there is none.
    """
    rows = CallbackToken.objects.select_related("process__workflow")
    callback = rows.filter(public_id=public_id_of(identity)).first()
    if callback is None:
        raise UnknownToken
    return callback


def require(user: Any, callback: CallbackToken) -> None:
    """Raise NotPermitted unless ``user`` may answer the callback by hand."""
    if not may(user, callback):
        raise NotPermitted(_("You may not answer this callback."))


def may(user: Any, callback: CallbackToken) -> bool:
    """Return whether ``user`` may answer the callback by hand."""
    return bool(user.has_perm(PERMISSION)) and policy.consents(user, callback.process)


def complete(callback: CallbackToken, *, result: JSON, person: Person) -> Receipt:
    """Answer the callback with a result, or overrule how it ended.

    Raises:
        InvalidPayload: the result does not fit what the step expects.
        AlreadyAnswered, NoLongerOpen: it has ended, and the process does not stand still at it.
        ReasonMissing: the person does not say why.
    """
    with _logged(callback, person, "result"):
        payloads.fit(result, options_of(callback).payload_model)
        if can_be_overruled(callback):
            return _overrule(callback, result, person)
        return _answer(callback, Answer(result=result), person)


def fail(callback: CallbackToken, *, error: dict[str, Any], person: Person) -> Receipt:
    """Answer the callback with a failure: ``error_type``, ``error_message``, ``error_data``.

    Raises:
        AlreadyAnswered, NoLongerOpen, ReasonMissing: see ``complete``.
    """
    with _logged(callback, person, "failure"):
        return _answer(callback, Answer.failure(error), person)


def cancel(callback: CallbackToken, *, person: Person) -> Receipt:
    """Withdraw the callback: its step fails, and the remote system is told to stop.

    Raises:
        AlreadyAnswered, NoLongerOpen, ReasonMissing: see ``complete``.
    """
    with _logged(callback, person, "cancel"):
        return _answer(callback, Answer.cancellation(), person)


def extend(callback: CallbackToken, *, span: timedelta, person: Person) -> None:
    """Let the deadline be at least ``span`` from now; a later one stays as it is.

    Raises:
        NoLongerOpen, AlreadyAnswered: it has ended.
        NotPermitted: it has no deadline yet, or none at all.
        ReasonMissing: the person does not say why.
    """
    with _logged(callback, person, "extend"), transaction.atomic():
        callback.process = answers.lock(callback.process_id)
        row = CallbackToken.objects.filter(pk=callback.pk)
        if callback.process.status in FINAL:
            raise answers.refusal(callback)
        if not deadlines.live(row).exists() and not deadlines.forgive_pause(row):
            raise answers.refusal(callback)
        if callback.deadline_at is None:
            raise NotPermitted(_("This callback has no deadline to move."))
        deadlines.extend(row, span)
        callback.refresh_from_db()
        attempts.record(callback, person.sender, kind="extend", outcome="accepted")
        until = callback.deadline_at.isoformat(timespec="seconds")
        _log(callback, "callback extended", person, {"until": until})


def adopt(attempt: CallbackAttempt, *, person: Person) -> Receipt:
    """Take a result that was refused because it came too late.

    It answers the step's newest callback: an open one, or the one that the process stands still at.

    Raises:
        NotPermitted: the request brought no result, or it was not kept.
        InvalidPayload, AlreadyAnswered, NoLongerOpen, ReasonMissing: see ``complete``.
    """
    if not attempt.adoptable:
        raise NotPermitted(_("This request brought no result that could be adopted."))
    return complete(newest(attempt.callback), result=attempt.payload, person=person)


def newest(callback: CallbackToken) -> CallbackToken:
    """Return the last callback that was handed out in the same place: what its step looks at."""
    rows = CallbackToken.objects.filter(
        process=callback.process_id, path=callback.path, item=callback.item
    )
    return rows.select_related("process__workflow").latest("pk")


def allowed(user: Any, callback: CallbackToken) -> list[Verb]:
    """Return what ``user`` may do to the callback and its status admits, in the order shown."""
    return fitting(callback) if may(user, callback) else []


def fitting(callback: CallbackToken) -> list[Verb]:
    """Return what the callback's status admits, whoever asks."""
    if callback.operation_status == "started":
        movable: list[Verb] = ["extend"] if callback.deadline_at else []
        return ["complete", "fail", "cancel", *movable]
    return ["complete"] if can_be_overruled(callback) else []


def can_be_overruled(callback: CallbackToken) -> bool:
    """Whether the process stands still because of how the callback ended, without a result."""
    process = callback.process
    ended = not callback.is_open and callback.status != CallbackStatus.SUCCEEDED
    stands_still = process.status in FAILURES and process.next_step == callback.waits_at
    return ended and stands_still and newest(callback).pk == callback.pk


def _answer(callback: CallbackToken, answer: Answer, person: Person) -> Receipt:
    with transaction.atomic():
        receipt = answers.receive(callback, answer, person.sender)
        _log(callback, "answered by hand", person, {"kind": answer.kind})
    return receipt


def _overrule(callback: CallbackToken, result: JSON, person: Person) -> Receipt:
    """Give the callback a result after all, and let the waiting step find it."""
    with transaction.atomic():
        callback.process = answers.lock(callback.process_id)
        callback.refresh_from_db(fields=["status", "waits_at"])
        if not can_be_overruled(callback):
            raise answers.refusal(callback)
        CallbackToken.objects.filter(pk=callback.pk).update(
            status=CallbackStatus.SUCCEEDED,
            result=result,
            error=None,
            answered_at=timezone.now(),
            answered_by=person.name[:150],
            answered_via=person.via,
            idempotency_key="",
            digest="",
        )
        attempts.record(callback, person.sender, kind="result", outcome="overruled")
        _log(
            callback, "answered by hand", person, {"kind": "result", "instead of": callback.status}
        )
        engine.retry(
            callback.process_id,
            by=person.name,
            from_step=callback.waits_at,
            reason=person.reason.strip(),
        )
    return "accepted"


@contextmanager
def _logged(callback: CallbackToken, person: Person, kind: Kind) -> Iterator[None]:
    """Write down what is refused, too."""
    sender = person.sender
    try:
        yield
    except CallbackError as error:
        attempts.record(callback, sender, kind=kind, outcome=error.code)
        raise


def _log(callback: CallbackToken, action: str, person: Person, details: dict[str, Any]) -> None:
    ProcessEvent.objects.create(
        process=callback.process,
        actor=person.name,
        action=action,
        reason=person.reason.strip(),
        details={"callback": callback.public_id} | details,
    )
