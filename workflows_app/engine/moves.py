"""What an outcome makes of a process, in memory. ``checkpoint`` writes it down."""

from datetime import datetime

from workflows_app.dsl.steps import Step
from workflows_app.engine.loading import Loaded
from workflows_app.models import Process
from workflows_app.outcomes import (
    Abort,
    AwaitCallback,
    Complete,
    Failure,
    Outcome,
    RetryGroup,
    SkipBlock,
    Success,
    Suspend,
    Wait,
)
from workflows_app.statuses import ProcessStatus


def enter_cleanup(process: Process, loaded: Loaded, now: datetime) -> None:
    """Abort the process in memory; if its workflow has clean-up steps, they are due at once."""
    cleanup = loaded.definition.cleanup
    process.next_step = cleanup[0].path if cleanup else ""
    process.move_to(ProcessStatus.ABORTED, at=now, due_at=now if cleanup else None)


def apply(process: Process, loaded: Loaded, step: Step, outcome: Outcome, now: datetime) -> None:
    """Change the process in memory as ``outcome`` demands; ``worker`` stays while it runs on."""
    if process.status == ProcessStatus.ABORTED:
        _move_in_cleanup(process, loaded, step, outcome, now)
        return
    if isinstance(outcome, Success | SkipBlock):
        process.next_step = _next_path(loaded, step, outcome)
        process.modified_at = now
        if process.next_step:
            return
    process.worker = ""
    if isinstance(outcome, Abort):
        enter_cleanup(process, loaded, now)
    elif isinstance(outcome, Success | SkipBlock | Complete):
        process.next_step = ""
        process.move_to(ProcessStatus.COMPLETED, at=now)
    else:
        if isinstance(outcome, RetryGroup):
            process.next_step = loaded.definition.retry_point(step.path)
        _stop(process, outcome, now)


def _stop(
    process: Process, outcome: Suspend | AwaitCallback | Wait | RetryGroup | Failure, now: datetime
) -> None:
    """Park or fail the process in memory."""
    until = outcome.until if isinstance(outcome, AwaitCallback | Wait | RetryGroup) else None
    process.move_to(outcome.process_status, at=now, due_at=until)
    if isinstance(outcome, Suspend):
        process.assignee = outcome.assignee
    elif isinstance(outcome, Wait | RetryGroup | Failure):
        process.failed_reason = outcome.error.reason if outcome.error else ""


def _move_in_cleanup(
    process: Process, loaded: Loaded, step: Step, outcome: Outcome, now: datetime
) -> None:
    """Go on with the clean-up: a failure is recorded, and the other steps still run."""
    process.modified_at = now
    if isinstance(outcome, Wait):
        process.due_at, process.worker = outcome.until, ""
        return
    if isinstance(outcome, Failure):
        process.failed_reason = f"{step.name}: {outcome.error.reason}"
    known = step.path in loaded.definition.by_path
    process.next_step = _next_path(loaded, step, outcome) if known else ""
    if not process.next_step:
        process.due_at, process.worker = None, ""


def _next_path(loaded: Loaded, step: Step, outcome: Outcome) -> str:
    definition = loaded.definition
    if isinstance(outcome, SkipBlock):
        return definition.after(definition.block(step)[-1].path)
    return definition.after(step.path)
