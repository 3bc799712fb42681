"""The verbs of a callback: issue it, receive its answer or its progress, take the answer.

Note [Answer before wait]
~~~~~~~~~~~~~~~~~~~~~~~~~
A quick remote system answers before the worker has parked the process. So an answer is stored on
its callback at once, and acted on by whoever comes second: ``receive`` if the process is parked
already, the waiting step if not. Both lock the process before they look at the callback, so
exactly one of them sees the other's work.

Note [One winner]
~~~~~~~~~~~~~~~~~
An answer is one conditional ``UPDATE`` that names the open statuses and the deadline, in the
transaction that also wakes the process. Whoever changes the row has won; everybody else is told
what became of it. The same test decides between an answer and the expiry.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Q
from django.utils import timezone

from callbacks_app import signing
from callbacks_app.errors import (
    AlreadyAnswered,
    CallbackCancelled,
    CallbackError,
    CallbackFailed,
    CallbackTimedOut,
    NoLongerOpen,
    UnknownToken,
)
from callbacks_app.models import ANSWERED, OPEN, CallbackStatus, CallbackToken
from workflows_app import app_settings, engine
from workflows_app.clock import database_now
from workflows_app.json_values import JSON
from workflows_app.models import EngineSettings, Process
from workflows_app.outcomes import AwaitCallback, ErrorRecord, Failure, Outcome, Success
from workflows_app.statuses import FINAL

Receipt = Literal["accepted", "stored_early", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: a result, or a failure with its type, message and data."""

    result: JSON = None
    error: dict[str, Any] | None = None
    source: str = ""  # The caller's address, or the user's name.
    via: str = "callback"

    @property
    def status(self) -> CallbackStatus:
        """The status that this answer gives the callback."""
        return CallbackStatus.FAILED if self.error else CallbackStatus.SUCCEEDED


def issue(process_id: UUID, *, path: str, timeout: timedelta | None) -> CallbackToken:
    """Open a callback for the step ``path``; an open one of an earlier attempt is superseded."""
    earlier = CallbackToken.objects.filter(process_id=process_id, path=path)
    earlier.filter(status__in=OPEN).update(status=CallbackStatus.SUPERSEDED)
    return CallbackToken.objects.create(
        process_id=process_id,
        path=path,
        attempt=earlier.count() + 1,
        key_id=signing.signing_key_id(),
        timeout=timeout,
    )


def route(callback: CallbackToken) -> str:
    """Return the relative address at which ``callback`` is answered."""
    return f"/api/processes/{callback.process_id}/callback/{signing.make(callback)}"


def url(callback: CallbackToken) -> str:
    """Return the absolute address at which ``callback`` is answered."""
    return f"{app_settings.get('BASE_URL')}{route(callback)}"


def verified(process_id: str, token: str) -> CallbackToken:
    """Return the callback that ``token`` opens. One read, whatever the token.

    Raises:
        UnknownToken: no such process or callback, or a forged token: which, is not told.
    """
    rows = CallbackToken.objects.select_related("process__workflow")
    callback = rows.filter(public_id=signing.public_id(token)).first()
    if not signing.matches(token, callback) or callback is None:
        raise UnknownToken
    if str(callback.process_id) != process_id.lower():
        raise UnknownToken
    return callback


def receive(callback: CallbackToken, answer: Answer) -> Receipt:
    """Store the answer, and make the process runnable if it is parked on it.

    Returns:
        "accepted"; "stored_early" if the process has not begun to wait; "held" if the engine is
        paused.
    Raises:
        AlreadyAnswered, NoLongerOpen: nothing has changed.
    Source: RFC 9110 §15.5.10 (409) and §15.5.11 (410); callbacks that beat the wait are 202.
    """
    with transaction.atomic():
        process = _lock(callback.process_id)
        _consume(callback, process, answer)
        delivered = engine.deliver(process, path=callback.path)
    if process.paused:
        return "held"
    return "accepted" if delivered else "stored_early"


def report_progress(callback: CallbackToken, progress: JSON) -> None:
    """Replace what is shown of the remote system's progress.

    Raises:
        AlreadyAnswered, NoLongerOpen: it is over; nothing has changed.
    """
    # No join: after waiting for an answer's lock, PostgreSQL looks at this row again, but not at
    # what a subquery had found.
    ended = Process.objects.filter(pk=callback.process_id, status__in=FINAL)
    live = CallbackToken.objects.filter(~Exists(ended), pk=callback.pk, status__in=OPEN)
    with transaction.atomic():
        if not live.update(progress=progress, progress_at=timezone.now()):
            raise _refusal(callback)
        engine.report_progress(callback.process_id, path=callback.path, progress=progress)


def take_answer(process_id: UUID, *, path: str, result_key: str, now: datetime) -> Outcome:
    """Return what became of the newest callback of the step: its answer, or a further wait."""
    _lock(process_id)
    callback = (
        CallbackToken.objects.filter(process_id=process_id, path=path).order_by("-pk").first()
    )
    if callback is None:
        return _failure(CallbackCancelled("no callback was handed out for this step"))
    if callback.is_open:
        return _wait_or_expire(callback, now)
    if callback.status == CallbackStatus.SUCCEEDED:
        return Success({result_key: callback.result})
    return _failure(_error(callback))


def _lock(process_id: UUID) -> Any:
    """Lock the process; its ``paused`` says whether the engine is."""
    return (
        Process.objects.annotate(paused=Exists(EngineSettings.objects.filter(global_lock=True)))
        .select_for_update(of=("self",), no_key=True)
        .get(pk=process_id)
    )


def _consume(callback: CallbackToken, process: Any, answer: Answer) -> None:
    """Answer the callback, or raise why not. See Note [One winner]."""
    open_rows = CallbackToken.objects.filter(pk=callback.pk, status__in=OPEN)
    if not process.paused:  # A pause is ours: nobody's answer comes too late because of it.
        open_rows = open_rows.filter(
            Q(deadline_at__isnull=True) | Q(deadline_at__gt=database_now())
        )
    if process.status in FINAL or not open_rows.update(
        status=answer.status,
        result=answer.result,
        error=answer.error,
        progress=None,
        answered_at=timezone.now(),
        answered_by=answer.source[:150],
        answered_via=answer.via,
    ):
        raise _refusal(callback)


def _refusal(callback: CallbackToken) -> CallbackError:
    """Return why a callback cannot be answered, looking at it again."""
    callback.refresh_from_db()
    if callback.status in ANSWERED:
        return AlreadyAnswered()
    if callback.status == CallbackStatus.SUPERSEDED:
        return NoLongerOpen("A later attempt has replaced this callback.", code="superseded")
    if callback.status == CallbackStatus.CANCELLED:
        return NoLongerOpen("This callback was cancelled.", code="cancelled")
    if callback.process.status in FINAL:
        return NoLongerOpen("The process has ended.", code="process_finished")
    return NoLongerOpen("This callback has expired.", code="expired")


def _wait_or_expire(callback: CallbackToken, now: datetime) -> Outcome:
    if callback.status == CallbackStatus.ARMED:
        callback.status = CallbackStatus.AWAITING
        callback.deadline_at = now + callback.timeout if callback.timeout else None
        callback.save(update_fields=["status", "deadline_at"])
    expired = CallbackToken.objects.filter(
        pk=callback.pk, status__in=OPEN, deadline_at__lte=database_now()
    )
    if expired.update(status=CallbackStatus.TIMED_OUT):
        callback.status = CallbackStatus.TIMED_OUT
        return _failure(_error(callback))
    return AwaitCallback(until=callback.deadline_at, progress=callback.progress)


def _error(callback: CallbackToken) -> CallbackFailed | CallbackTimedOut | CallbackCancelled:
    details = {"callback": callback.public_id}
    if callback.status == CallbackStatus.FAILED:
        error = callback.error or {}
        message = error.get("error_message") or "The remote system reported a failure"
        return CallbackFailed(str(message), details | error)
    if callback.status == CallbackStatus.TIMED_OUT:
        seconds = callback.timeout.total_seconds() if callback.timeout else 0
        return CallbackTimedOut(f"Callback timed out after {seconds:g} s", details)
    return CallbackCancelled(f"The callback was {callback.status}", details)


def _failure(error: CallbackFailed | CallbackTimedOut | CallbackCancelled) -> Failure:
    record = ErrorRecord.of(error)
    return Failure(ErrorRecord(record.class_name, record.reason, "", record.details))
