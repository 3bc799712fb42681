"""What a run should have led to. Each shows the whole timeline when it fails."""

import re

from workflows_app.models import ProcessStep
from workflows_app.statuses import FAILURES, ProcessStatus, StepStatus
from workflows_app.testing.runs import Run


def assert_complete(run: Run) -> None:
    """Fail unless the process has completed."""
    __tracebackhide__ = True
    _assert_status(run, ProcessStatus.COMPLETED)


def assert_aborted(run: Run) -> None:
    """Fail unless the process was aborted."""
    __tracebackhide__ = True
    _assert_status(run, ProcessStatus.ABORTED)


def assert_suspended(run: Run, step: str = "") -> None:
    """Fail unless the process waits for a form, that of ``step`` if it is given.

    Args:
        step: its path, its name, or the name of a group that it is in.
    """
    __tracebackhide__ = True
    _assert_status(run, ProcessStatus.SUSPENDED, at=step)


def assert_awaiting_callback(run: Run, step: str = "") -> None:
    """Fail unless the process awaits a callback, that of ``step`` if it is given.

    Args:
        step: its path, its name, or that of the callback step which it is in.
    """
    __tracebackhide__ = True
    _assert_status(run, ProcessStatus.AWAITING_CALLBACK, at=step)


def assert_waiting(run: Run, step: str = "") -> None:
    """Fail unless the process waits for a time: a timer, or the next try of a step."""
    __tracebackhide__ = True
    _assert_status(run, ProcessStatus.WAITING, at=step)


def assert_failed(run: Run, match: str = "") -> None:
    """Fail unless the process has failed, for a reason in which ``match`` is found.

    Args:
        match: a regular expression.
    """
    __tracebackhide__ = True
    run.refresh()
    if run.status not in FAILURES:
        raise run.error(f"the process should have failed; it is {_standing(run)}")
    _assert_match(run, match, run.failed_reason)


def assert_step_success(run: Run, step: str) -> None:
    """Fail unless ``step``, a path or a name, succeeded when it last ran."""
    __tracebackhide__ = True
    _assert_step(run, step, StepStatus.SUCCESS)


def assert_step_skipped(run: Run, step: str) -> None:
    """Fail unless ``step``, a path or a name, was skipped."""
    __tracebackhide__ = True
    _assert_step(run, step, StepStatus.SKIPPED)


def assert_step_failed(run: Run, step: str, match: str = "") -> None:
    """Fail unless ``step`` failed when it last ran, for a reason in which ``match`` is found."""
    __tracebackhide__ = True
    _assert_match(run, match, _assert_step(run, step, StepStatus.FAILED).reason)


def _assert_status(run: Run, status: ProcessStatus, *, at: str = "") -> None:
    __tracebackhide__ = True
    run.refresh()
    wanted = f"{status} at '{at}'" if at else status
    there = not at or at == run.waiting_for or at in run.waiting_for.split("/")
    if run.status != status or not there:
        raise run.error(f"the process should be {wanted}; it is {_standing(run)}")


def _assert_step(run: Run, step: str, status: StepStatus) -> ProcessStep:
    __tracebackhide__ = True
    run.refresh()
    rows = [row for row in run.steps if not row.superseded and step in (row.path, row.name)]
    if not rows:
        raise run.error(f"the step '{step}' should be {status}; it was not run")
    if rows[-1].status != status:
        raise run.error(f"the step '{step}' should be {status}; it is {rows[-1].status}")
    return rows[-1]


def _assert_match(run: Run, match: str, reason: str) -> None:
    __tracebackhide__ = True
    if not re.search(match, reason):
        raise run.error(f"the reason should match {match!r}; it is {reason!r}")


def _standing(run: Run) -> str:
    return f"{run.status} at '{run.waiting_for}'" if run.waiting_for else run.status
