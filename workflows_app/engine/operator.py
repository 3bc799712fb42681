"""What an operator does to a process beside answering its form. Every act is in the action log."""

from typing import Any, NoReturn
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from workflows_app import locks, queue
from workflows_app.engine.announcing import announce
from workflows_app.engine.loading import Loaded, close_open_rows, load, locked
from workflows_app.engine.moves import enter_cleanup
from workflows_app.errors import UnknownStep, UnknownWorkflow, WrongStatus
from workflows_app.json_values import JSONObject, changes, to_json
from workflows_app.localized import marked
from workflows_app.models import Process, ProcessEvent, ProcessStep
from workflows_app.statuses import FAILURES, FINAL, PARKED, ProcessStatus, StepStatus


@transaction.atomic
def retry(process_id: UUID, *, by: str, from_step: str | None = None, reason: str = "") -> Process:
    """Run a failed process again: its failed step, or the whole group that is retried as one.

    Args:
        from_step: the path to continue from instead; the only way on if the failed step is gone.

    Raises:
        WrongStatus: the process has not failed.
        UnknownStep: the step to continue from is not in the workflow.
        SubscriptionLocked: another process has what this one had locked.
    """
    process = locked(process_id)
    loaded = load(process)
    if process.status not in FAILURES and not _stranded(loaded):
        _refuse(process, _("only a failed process can be retried"))
    if from_step is None:
        process.next_step = _retry_point(loaded)
    else:
        process.next_step = _chosen_step(loaded, from_step)
    locks.take_again(process)
    close_open_rows(process, status=StepStatus.FAILED, at=timezone.now())
    details = {"from": process.next_step}
    return _resume(process, by=by, action="retried", reason=reason, details=details)


@transaction.atomic
def resume(process_id: UUID, *, by: str, reason: str = "") -> Process:
    """Let a waiting process go on now: try again, or end its timer.

    Raises:
        WrongStatus: the process does not wait for a time.
    """
    process = locked(process_id)
    if process.status != ProcessStatus.WAITING:
        _refuse(process, _("it does not wait for a time"))
    return _resume(process, by=by, action="resumed", reason=reason)


@transaction.atomic
def skip(process_id: UUID, *, by: str, reason: str) -> Process:
    """Go on after the failed step as if it had changed nothing.

    Raises:
        WrongStatus: the process has not failed.
        UnknownStep: the failed step is gone; continue from another one instead.
    """
    process = locked(process_id)
    if process.status not in FAILURES:
        _refuse(process, _("only a failed step can be skipped"))
    loaded = load(process)
    step = loaded.definition.step(process.next_step)
    _add_row(
        loaded, path=step.path, name=step.name, kind=step.kind, by=by, status=StepStatus.SKIPPED
    )
    process.next_step = loaded.definition.after(step.path)
    return _resume(process, by=by, action="skipped", reason=reason, details={"step": step.path})


@transaction.atomic
def edit_state(process_id: UUID, *, values: JSONObject, by: str, reason: str) -> Process:
    """Change keys of a failed process's state before it is retried.

    Raises:
        WrongStatus: the process has not failed.
        NotJSON: a value cannot be stored.
    """
    process = locked(process_id)
    if process.status not in FAILURES:
        _refuse(process, _("the state can only be edited after a failure"))
    loaded = load(process)
    patch = changes(loaded.state, to_json(values, what="the new state"))
    before = {key: loaded.state.get(key) for key in patch}
    _add_row(loaded, path="", name=marked("State edited"), kind="edit", by=by, patch=patch)
    _log(process, by, "state edited", reason, {"before": before, "after": patch})
    return process


@transaction.atomic
def abort(process_id: UUID, *, by: str, reason: str = "") -> Process:
    """End a process. A step that is running now is recorded when it ends; nothing follows it.

    Raises:
        WrongStatus: the process has already ended.
    """
    process = locked(process_id)
    if process.status in FINAL:
        _refuse(process, _("it has already ended"))
    loaded, now = load(process), timezone.now()
    claimed, lease_ends = process.status == ProcessStatus.RUNNING, process.due_at
    try:
        enter_cleanup(process, loaded, now)
    except UnknownWorkflow:
        process.move_to(ProcessStatus.ABORTED, at=now)
    if claimed:
        process.due_at = lease_ends  # The clean-up begins when the running step has ended.
    else:
        close_open_rows(process, status=StepStatus.ABORTED, at=now)
        if process.due_at is None:
            locks.release(process, by=by)
    process.assignee = ""
    process.save(update_fields=[*_MOVED, "next_step", "assignee"])
    _log(process, by, "aborted", reason)
    announce(process, by=by)
    queue.wake()
    return process


@transaction.atomic
def delete(process_id: UUID, *, by: str, reason: str = "") -> None:
    """Delete a task that has ended. What workflows did to customers is never deleted.

    Raises:
        WrongStatus: the process is not a task, or has not ended.
    """
    process = locked(process_id)
    if not process.is_task or process.status not in FINAL:
        _refuse(process, _("only a task that has ended can be deleted"))
    details = {"process": str(process.pk), "workflow": process.workflow.name}
    ProcessEvent.objects.create(actor=by, action="deleted", reason=reason, details=details)
    process.delete()


@transaction.atomic
def set_note(process_id: UUID, *, note: str, by: str) -> Process:
    """Replace the process's note."""
    process = locked(process_id)
    before, process.note = process.note, note.strip()
    process.save(update_fields=["note"])
    _log(process, by, "note changed", details={"before": before, "after": process.note})
    return process


_MOVED = ("status", "modified_at", "due_at", "finished_at", "failed_reason")


def _chosen_step(loaded: Loaded, path: str) -> str:
    """Return ``path`` if a process may continue there: clean-up steps are for after an abort."""
    paths = [step.path for step in loaded.definition.steps]
    if path not in paths:
        raise UnknownStep(path, paths)
    return path


def _retry_point(loaded: Loaded) -> str:
    """Return where the retry begins; if that is a group's start, forget what the group did."""
    path = loaded.process.next_step
    point = loaded.definition.retry_point(path)
    if point == path:
        return path
    loaded.forget_since(point)
    return point


def _stranded(loaded: Loaded) -> bool:
    """Whether the process waits in a step that is no longer in the code."""
    if loaded.process.status not in PARKED:
        return False
    try:
        loaded.definition.step(loaded.process.next_step)
    except UnknownStep:
        return True
    return False


def _resume(
    process: Process, *, by: str, action: str, reason: str, details: JSONObject | None = None
) -> Process:
    now = timezone.now()
    process.move_to(ProcessStatus.RESUMED, at=now, due_at=now)
    process.assignee = ""
    process.save(update_fields=[*_MOVED, "next_step", "assignee"])
    _log(process, by, action, reason, details)
    queue.wake()
    return process


def _log(
    process: Process, by: str, action: str, reason: str = "", details: JSONObject | None = None
) -> None:
    ProcessEvent.objects.create(
        process=process, actor=by, action=action, reason=reason, details=details or {}
    )


def _add_row(loaded: Loaded, **values: Any) -> None:
    now = timezone.now()
    values = {"status": StepStatus.SUCCESS, "started_at": now, "completed_at": now} | values
    ProcessStep.objects.create(process=loaded.process, position=loaded.next_position, **values)


def _refuse(process: Process, wanted: str) -> NoReturn:
    raise WrongStatus(process.pk, actual=process.status, wanted=wanted)
