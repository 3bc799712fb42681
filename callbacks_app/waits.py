"""What a waiting step makes of its callbacks: their answers, a further wait, or the end of time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TypeAlias

from django.db.models import QuerySet

from callbacks_app import deadlines
from callbacks_app.answers import lock
from callbacks_app.errors import (
    CallbackCancelled,
    CallbackFailed,
    CallbackHeartbeatTimedOut,
    CallbackTimedOut,
)
from callbacks_app.models import CallbackStatus, CallbackToken
from callbacks_app.options import CallbackOptions
from workflows_app.dsl import Context
from workflows_app.errors import ProcessFailureError
from workflows_app.outcomes import (
    AwaitCallback,
    ErrorRecord,
    Failure,
    Outcome,
    RetryGroup,
    Success,
)

Which: TypeAlias = Callable[[Context], "QuerySet[CallbackToken]"]


@dataclass(frozen=True, slots=True)
class OneAnswer:
    """Wait for the newest of the callbacks that ``which`` names."""

    which: Which
    options: CallbackOptions
    result_key: str

    def __call__(self, context: Context) -> Outcome:
        """Return what became of the callback. Locks the process first."""
        lock(context.process_id)
        newest = self.which(context).order_by("-pk").first()
        if newest is None:
            return failure(CallbackCancelled("no callback was handed out for this step"))
        (callback,) = settled([newest], context)
        if callback.is_open:
            return AwaitCallback(until=callback.expires_at, progress=callback.progress)
        if callback.status == CallbackStatus.SUCCEEDED:
            return Success({self.result_key: callback.result})
        if callback.status == CallbackStatus.TIMED_OUT and self.options.on_timeout == "continue":
            return Success({self.result_key: self.options.default})
        return self._retry(callback, context) or failure(error_of(callback))

    def _retry(self, callback: CallbackToken, context: Context) -> Outcome | None:
        """Return the retry that the options want, if they want one."""
        policy = self.options.policy(
            timed_out=callback.status == CallbackStatus.TIMED_OUT,
            retryable=bool((callback.error or {}).get("retryable")),
        )
        error = error_of(callback)
        pause = policy.delay(error, attempt=_tries(callback)) if policy else None
        if pause is None:
            return None
        CallbackToken.objects.filter(pk=callback.pk).update(retried=True)
        return RetryGroup(context.now + pause, _record(error))


def settled(callbacks: Sequence[CallbackToken], context: Context) -> Sequence[CallbackToken]:
    """Begin the wait for those of ``callbacks`` that are armed, and end it for those too late.

    The caller has locked the process, so no answer comes between.
    """
    if not any(callback.is_open for callback in callbacks):
        return callbacks
    rows = CallbackToken.objects.filter(pk__in=[callback.pk for callback in callbacks])
    armed = [callback for callback in callbacks if callback.status == CallbackStatus.ARMED]
    if armed:  # They are of one step, so one statement fits them all.
        rows.filter(status=CallbackStatus.ARMED).update(
            status=CallbackStatus.AWAITING, waits_at=context.path, **deadlines.start(armed[0])
        )
    deadlines.expire(rows)
    return list(rows.order_by("pk"))


def earliest(callbacks: Iterable[CallbackToken]) -> datetime | None:
    """Return when the first of the open ``callbacks`` expires unless it is heard of."""
    moments = (callback.expires_at for callback in callbacks if callback.is_open)
    return min(filter(None, moments), default=None)


def error_of(callback: CallbackToken) -> ProcessFailureError:
    """Return what the step fails with, as the callback has neither succeeded nor is open."""
    details = {"callback": callback.public_id} | (callback.error or {})
    if callback.status == CallbackStatus.FAILED:
        return CallbackFailed(callback.public_id, callback.error or {})
    if callback.status != CallbackStatus.TIMED_OUT:
        return CallbackCancelled(f"The callback {callback.public_id} was cancelled", details)
    if details.get("error_type") == "Callback.Heartbeat":
        silence = _words(callback.heartbeat)
        return CallbackHeartbeatTimedOut(
            f"Nothing was heard of the remote system for {silence}", details
        )
    return CallbackTimedOut(f"Callback timed out after {_words(callback.timeout)}", details)


def failure(error: ProcessFailureError) -> Failure:
    """Return the failure of the waiting step; where it was raised is of no interest."""
    return Failure(_record(error))


def _words(span: timedelta | None) -> str:
    """Return a span for people: seconds up to two minutes, else days and hours."""
    if span is None:
        return "its deadline"
    seconds = span.total_seconds()
    return f"{seconds:g} s" if seconds <= 120 else str(span)


def _tries(callback: CallbackToken) -> int:
    """Count this callback and those before it that the policy replaced, one after the other."""
    earlier = CallbackToken.objects.filter(
        process=callback.process_id, path=callback.path, item=callback.item, pk__lt=callback.pk
    )
    replaced = earlier.order_by("-pk").values_list("retried", flat=True)
    return 1 + len(list(takewhile(bool, replaced)))


def _record(error: ProcessFailureError) -> ErrorRecord:
    record = ErrorRecord.of(error)
    return ErrorRecord(record.class_name, record.reason, "", record.details)
