"""What a remote system says to a callback, or a person in its place.

Note [Answer before wait]
~~~~~~~~~~~~~~~~~~~~~~~~~
A quick remote system answers before the worker has parked the process. So an answer is stored on
its callback at once, and acted on by whoever comes second: ``receive`` if the process is parked
already, the waiting step if not. Both lock the process before they look at the callback, so
exactly one of them sees the other's work.

Note [One winner]
~~~~~~~~~~~~~~~~~
An answer is one conditional ``UPDATE`` that names the open statuses and the deadlines, in the
transaction that also wakes the process. Whoever changes the row has won; everybody else is told
what became of it. The same test decides between an answer and the expiry.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from callbacks_app import attempts, deadlines, tracing
from callbacks_app.attempts import Kind, Sender
from callbacks_app.errors import AlreadyAnswered, CallbackError, KeyReused, NoLongerOpen
from callbacks_app.logging import masked
from callbacks_app.models import ANSWERED, CallbackStatus, CallbackToken
from workflows_app import engine
from workflows_app.json_values import JSON, replace_strings
from workflows_app.models import EngineSettings, Process
from workflows_app.statuses import FINAL

NOBODY = Sender()
Receipt: TypeAlias = Literal["accepted", "stored_early", "held", "replayed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: a result; a failure with its type, message and data; or that it is off."""

    status: CallbackStatus = CallbackStatus.SUCCEEDED
    result: JSON = None
    error: dict[str, Any] | None = None

    @classmethod
    def failure(cls, error: dict[str, Any]) -> "Answer":
        """Return the answer that says what went wrong."""
        return cls(status=CallbackStatus.FAILED, error=error)

    @classmethod
    def cancellation(cls) -> "Answer":
        """Return the answer that calls the work off."""
        return cls(status=CallbackStatus.CANCELLED)

    @property
    def kind(self) -> Kind:
        """What the log of requests calls it."""
        return _KINDS[self.status]


_KINDS: dict[CallbackStatus, Kind] = {
    CallbackStatus.SUCCEEDED: "result",
    CallbackStatus.FAILED: "failure",
    CallbackStatus.CANCELLED: "cancel",
}


def receive(
    callback: CallbackToken, answer: Answer, sender: Sender = NOBODY, *, traceparent: str = ""
) -> Receipt:
    """Store the answer, and make the process runnable if it is parked on it.

    Args:
        traceparent: of the request that brought the answer.

    Returns:
        "accepted"; "stored_early" if the process has not begun to wait; "held" if the engine is
        paused; "replayed" if the same answer with the same key was taken before.

    Raises:
        AlreadyAnswered, NoLongerOpen, KeyReused: nothing has changed.
    Source: RFC 9110 §15.5.10 (409) and §15.5.11 (410); callbacks that beat the wait are 202.
    """
    span = tracing.operation(
        callback.path, op_id=callback.public_id, parent=traceparent, link=callback.traceparent
    )
    with span, transaction.atomic():
        process = lock(callback.process_id)
        if not _consume(callback, process, answer, sender):
            _require_repetition(callback, sender)
            attempts.record(callback, sender, kind=answer.kind, outcome="replayed")
            return "replayed"
        delivered = engine.deliver(process, path=_waits_at(callback))
        receipt: Receipt = "accepted" if delivered else "stored_early"
        receipt = "held" if process.paused else receipt
        attempts.record_answer(callback, sender, kind=answer.kind, outcome=receipt)
    return receipt


def report_progress(callback: CallbackToken, progress: JSON, sender: Sender = NOBODY) -> None:
    """Replace what is shown of the remote system's progress. Counts as a heartbeat.

    A token in it is masked: playbooks print their variables.

    Raises:
        AlreadyAnswered, NoLongerOpen: it is over; nothing has changed.
    """
    with transaction.atomic():
        progress = replace_strings(progress, masked)
        _hear(callback, sender, "progress", progress=progress)
        engine.report_progress(callback.process_id, path=callback.waits_at, progress=progress)


def beat(callback: CallbackToken, sender: Sender, *, extend_by: timedelta | None = None) -> None:
    """Note that the remote system lives, and let it move its deadline if it asks for that.

    Raises:
        AlreadyAnswered, NoLongerOpen: it is over; nothing has changed.
    """
    with transaction.atomic():
        _hear(callback, sender, "heartbeat")
        if extend_by is not None:
            deadlines.extend(_row(callback), extend_by)
    callback.refresh_from_db()


def set_paused(callback: CallbackToken, sender: Sender, *, paused: bool) -> None:
    """Note that the remote system pauses its work, and may be silent; or that it goes on.

    Raises:
        AlreadyAnswered, NoLongerOpen: it is over; nothing has changed.
    """
    with transaction.atomic():
        process = lock(callback.process_id)  # So it neither begins nor ends its wait now.
        callback.refresh_from_db()
        was_paused, callback.paused = callback.paused, paused
        values: dict[str, Any] = {"paused": paused}
        if paused:
            values["heartbeat_due_at"] = None
        elif was_paused and callback.is_counting:
            values |= deadlines.start_heartbeat(callback)
        _hear(callback, sender, "state", **values)
        if was_paused and not paused:
            # It may have looked during the pause, when only the answer was to be waited for.
            engine.deliver(process, path=callback.waits_at)
    callback.refresh_from_db()


def lock(process_id: UUID) -> Any:
    """Lock the process; its ``paused`` says whether the engine is."""
    return (
        Process.objects.annotate(paused=Exists(EngineSettings.objects.filter(global_lock=True)))
        .select_for_update(of=("self",), no_key=True)
        .get(pk=process_id)
    )


def refusal(callback: CallbackToken) -> CallbackError:
    """Return why a callback cannot be answered, looking at it again."""
    callback.refresh_from_db()
    if callback.status in ANSWERED:
        return AlreadyAnswered()
    if callback.status == CallbackStatus.SUPERSEDED:
        return _closed(_("A later attempt has replaced this callback."), "superseded")
    if callback.status == CallbackStatus.CANCELLED:
        return _closed(_("This callback was cancelled."), "cancelled")
    if callback.process.status in FINAL:
        return _closed(_("The process has ended."), "process_finished")
    return NoLongerOpen(_("This callback has expired."), code="expired", cancel_requested=False)


def _closed(sentence: str, code: str) -> NoLongerOpen:
    """Return the refusal that tells the remote system to stop its work too."""
    return NoLongerOpen(sentence, code=code, cancel_requested=True)


def _consume(callback: CallbackToken, process: Any, answer: Answer, sender: Sender) -> bool:
    """Answer the callback if it is open. See Note [One winner]."""
    if process.status in FINAL:
        return False
    values = {
        "status": answer.status,
        "result": answer.result,
        "error": answer.error,
        "progress": None,
        "answered_at": timezone.now(),
        "answered_by": sender.source[:150],
        "answered_via": sender.via,
        "idempotency_key": sender.key,
        "digest": sender.digest,
    }
    return _change(callback, deadlines.live(_row(callback)), values)


def _waits_at(callback: CallbackToken) -> str:
    """Return the step that waits for the callback; what was read before the lock may be old."""
    if callback.waits_at:
        return callback.waits_at
    return _row(callback).values_list("waits_at", flat=True).get()


def _require_repetition(callback: CallbackToken, sender: Sender) -> None:
    """Raise the refusal, unless this very answer is the one that was taken.

    Source: draft-ietf-httpapi-idempotency-key-header-07 §2.6; Standard Webhooks, ``webhook-id``.
    """
    error = refusal(callback)
    if not sender.key or sender.key != callback.idempotency_key:
        raise error
    if sender.digest != callback.digest:
        raise KeyReused


def _hear(callback: CallbackToken, sender: Sender, kind: Kind, **values: Any) -> None:
    """Note that the remote system was heard of, with what it said; or raise why it is too late."""
    # No join: after waiting for an answer's lock, PostgreSQL looks at this row again, but not at
    # what a subquery had found.
    ended = Process.objects.filter(pk=callback.process_id, status__in=FINAL)
    values = {"progress_at": timezone.now()} | deadlines.hear(callback) | values
    if not _change(callback, deadlines.live(_row(callback)).filter(~Exists(ended)), values):
        raise refusal(callback)
    attempts.record(callback, replace(sender, digest="", size=0), kind=kind, outcome="accepted")


def _change(callback: CallbackToken, live: QuerySet[CallbackToken], values: Any) -> bool:
    """Update the row if it is live, or if only a pause of the engine has made it late."""
    return bool(live.update(**values)) or (
        deadlines.forgive_pause(_row(callback)) and bool(live.update(**values))
    )


def _row(callback: CallbackToken) -> QuerySet[CallbackToken]:
    return CallbackToken.objects.filter(pk=callback.pk)
