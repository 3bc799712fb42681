"""What running a step can lead to: a closed union of values, each naming the process's status."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol, TypeAlias

from workflows_app.errors import NotJSON, ProcessFailureError
from workflows_app.json_values import JSON, JSONObject, replace_strings, to_json
from workflows_app.statuses import ProcessStatus, StepStatus

LONGEST_CLASS_NAME = 200  # Characters.
LONGEST_REASON = 10_000  # Characters; the end is cut.
LONGEST_TRACEBACK = 50_000  # Characters; the beginning is cut, since the cause is at the end.


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """An exception as it is stored and shown."""

    class_name: str
    reason: str
    traceback: str = ""
    details: JSON = None

    @classmethod
    def of(
        cls, error: BaseException, *, scrub: Callable[[str], str] = lambda text: text
    ) -> "ErrorRecord":
        """Describe ``error``; its details are dropped if they are not JSON.

        Args:
            scrub: takes out what must not be stored; before a text is cut, so that no half stays.
        """
        details = error.details if isinstance(error, ProcessFailureError) else None
        reason = _storable(_words(error) or type(error).__name__)
        trace = _storable("".join(traceback.format_exception(error)))
        return cls(
            class_name=type(error).__name__[:LONGEST_CLASS_NAME],
            reason=scrub(reason)[:LONGEST_REASON],
            traceback=scrub(trace)[-LONGEST_TRACEBACK:],
            details=replace_strings(to_json_or_text(details), scrub),
        )


def to_json_or_text(value: object) -> JSON:
    """Return ``value`` as JSON, or its ``repr`` where it cannot be JSON."""
    try:
        return to_json(value)
    except NotJSON:
        return _storable(repr(value))


def _words(error: BaseException) -> str:
    """Return what ``error`` says, also if its ``__str__`` raises: recording it must not fail."""
    return str(traceback.TracebackException.from_exception(error, lookup_lines=False))


def _storable(text: str) -> str:
    """Return ``text`` without what PostgreSQL refuses: NUL and half surrogate pairs."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()


class Planned(Protocol):
    """Something that is to be written together with a step."""

    def execute(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Success:
    """Go on with the next step; ``patch`` is what changed in the state.

    ``saves`` are written to the database together with the step.
    """

    patch: JSONObject = field(default_factory=dict)
    saves: tuple[Planned, ...] = ()
    process_status: ClassVar = ProcessStatus.RUNNING
    step_status: ClassVar = StepStatus.SUCCESS


@dataclass(frozen=True, slots=True)
class SkipBlock:
    """The condition is false: record the steps it guards as skipped, and go on after them."""

    process_status: ClassVar = ProcessStatus.RUNNING
    step_status: ClassVar = StepStatus.SUCCESS


@dataclass(frozen=True, slots=True)
class Suspend:
    """Wait for an operator's form."""

    assignee: str
    process_status: ClassVar = ProcessStatus.SUSPENDED
    step_status: ClassVar = StepStatus.SUSPENDED


@dataclass(frozen=True, slots=True)
class AwaitCallback:
    """Wait for a remote system, at most ``until``; then the same step is run again."""

    until: datetime | None = None
    progress: JSON = None
    process_status: ClassVar = ProcessStatus.AWAITING_CALLBACK
    step_status: ClassVar = StepStatus.AWAITING_CALLBACK


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for a time, then run the same step again: a timer, or a retry after ``error``."""

    until: datetime
    error: ErrorRecord | None = None
    process_status: ClassVar = ProcessStatus.WAITING
    step_status: ClassVar = StepStatus.WAITING


@dataclass(frozen=True, slots=True)
class RetryGroup:
    """Run the step's whole group again at ``until``, and forget what this time led to."""

    until: datetime
    error: ErrorRecord
    process_status: ClassVar = ProcessStatus.WAITING
    step_status: ClassVar = StepStatus.FAILED


@dataclass(frozen=True, slots=True)
class Complete:
    """End the process."""

    process_status: ClassVar = ProcessStatus.COMPLETED
    step_status: ClassVar = StepStatus.SUCCESS


@dataclass(frozen=True, slots=True)
class Abort:
    """End the process before its last step."""

    process_status: ClassVar = ProcessStatus.ABORTED
    step_status: ClassVar = StepStatus.ABORTED


@dataclass(frozen=True, slots=True)
class Failure:
    """Stop until an operator decides. ``process_status`` is finer for tasks."""

    error: ErrorRecord
    process_status: ProcessStatus = ProcessStatus.FAILED
    step_status: ClassVar = StepStatus.FAILED


Outcome: TypeAlias = (
    Success | SkipBlock | Suspend | AwaitCallback | Wait | RetryGroup | Complete | Abort | Failure
)
