"""Write down what a step led to: the process's row and the step's, both or neither.

Every write here names the fence number of the claim and the status that the worker believes in.
If either moved on, the worker has been succeeded or an operator has aborted the process.
"""

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from workflows_app import locks, queue, stopping
from workflows_app.dsl.steps import Call, Context, Step
from workflows_app.engine import moves
from workflows_app.engine.announcing import announce, wanted
from workflows_app.engine.loading import Loaded, Row, close_open_rows, step_names
from workflows_app.models import Process, ProcessStep
from workflows_app.outcomes import (
    AwaitCallback,
    ErrorRecord,
    Failure,
    Outcome,
    RetryGroup,
    SkipBlock,
    Success,
    Suspend,
    Wait,
)
from workflows_app.queue import Claim
from workflows_app.returning import update_returning
from workflows_app.statuses import ProcessStatus, StepStatus

_PAUSED = "(SELECT global_lock FROM workflows_app_enginesettings WHERE id = 1)"


@dataclass(kw_only=True)
class Checkpoint:
    """One step's result on its way into the database.

    Nothing in ``loaded`` changes before the transaction has committed: then ``apply`` is called.
    """

    loaded: Loaded
    claim: Claim
    step: Step
    context: Context
    outcome: Outcome
    now: datetime = field(default_factory=timezone.now)
    process: Process = field(init=False)
    row: Row | None = field(init=False, default=None)
    next_position: int = field(init=False)
    go_on: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.process = copy(self.loaded.process)
        self.next_position = self.loaded.next_position

    @transaction.atomic(savepoint=False)
    def write(self) -> "Checkpoint":
        """Write process and step, 2 statements, or announce a stop, 3. Rolls back a lost claim."""
        believed = self.process.status
        moves.apply(self.process, self.loaded, self.step, self.outcome, self.now)
        asked = _PAUSED if self.process.worker else wanted(self.process)
        rows = update_returning(self._held(believed), asked, **_columns(self.process))
        if not rows:
            self._write_after_abort()
            return self
        self._execute_saves()
        self.row = self._write_rows()
        if isinstance(self.outcome, RetryGroup):
            self.loaded.forget_since(self.process.next_step)
        ((answer,),) = rows
        if self.process.worker:
            self.go_on = not (answer or stopping.asked())
            if not self.go_on:
                self._let_go()
            return self
        if answer and self.process.status != believed:
            announce(self.process, position=self.row.position, step=self.step.name)
        if self.process.due_at is not None:
            queue.wake()
        elif self.process.status == ProcessStatus.ABORTED:
            locks.release(self.process, by="SYSTEM")
        return self

    def apply(self) -> bool:
        """Bring ``loaded`` up to date; True if the next step should run now."""
        if self.go_on and self.row is not None:
            self.loaded.process = self.process
            self.loaded.rows.append(self.row)
            self.loaded.next_position = self.next_position
            if isinstance(self.outcome, Success):
                self.loaded.state.update(self.outcome.patch)
        return self.go_on

    def _held(self, status: str) -> QuerySet[Process]:
        return Process.objects.filter(pk=self.process.pk, fence=self.claim.fence, status=status)

    def _execute_saves(self) -> None:
        if isinstance(self.outcome, Success):
            for planned in self.outcome.saves:
                planned.execute()

    def _write_rows(self) -> Row:
        values = self._values()
        continued = self.loaded.open_row or self._same_failure()
        if continued:
            del values["started_at"]
            ProcessStep.objects.filter(pk=continued.pk).update(**values)
            position = continued.position
        else:
            position = self.next_position
            rows = [ProcessStep(process=self.process, position=position, **values)]
            if isinstance(self.outcome, SkipBlock):
                rows += self._skipped_rows()
            ProcessStep.objects.bulk_create(rows)
            self.next_position += len(rows)
        return Row(0, position, self.step.path, self.outcome.step_status, self.context.attempt)

    def _values(self) -> dict[str, Any]:
        outcome = self.outcome
        error = outcome.error if isinstance(outcome, Failure | Wait | RetryGroup) else None
        parked = isinstance(outcome, Suspend | AwaitCallback | Wait) and error is None
        return {
            "path": self.context.path,
            "name": self.step.name,
            "kind": self.step.kind,
            "status": outcome.step_status,
            "patch": outcome.patch if isinstance(outcome, Success) else {},
            "progress": outcome.progress if isinstance(outcome, AwaitCallback) else None,
            "attempt": self.context.attempt,
            "started_at": self.context.now,
            "completed_at": None if parked else self.now,
            "error_class": error.class_name if error else "",
            "reason": error.reason if error else "",
            "details": error.details if error else None,
            "traceback": error.traceback if error else "",
        }

    def _same_failure(self) -> Row | None:
        """Return the last try's row if it failed in the same way, so that it is only counted."""
        last, outcome = self.loaded.last, self.outcome
        if not (isinstance(outcome, Wait) and outcome.error and last and last.failed_try):
            return None
        same = (last.error_class, last.reason) == (outcome.error.class_name, outcome.error.reason)
        return last if same else None

    def _skipped_rows(self) -> list[ProcessStep]:
        return [
            ProcessStep(
                process=self.process,
                position=self.next_position + offset,
                path=step.path,
                name=step.name,
                kind=step.kind,
                status=StepStatus.SKIPPED,
                started_at=self.now,
                completed_at=self.now,
            )
            for offset, step in enumerate(self.loaded.definition.block(self.step), start=1)
        ]

    def _write_after_abort(self) -> None:
        """Keep what a step did that was running when its process was aborted; nothing follows."""
        aborted = self._held(ProcessStatus.ABORTED).select_for_update(no_key=True).first()
        if aborted is None:
            transaction.set_rollback(True)  # Another worker has the process: this one was slow.
            return
        self._execute_saves()
        values = self._values() | {"completed_at": self.now}
        if self.loaded.open_row:
            ProcessStep.objects.filter(pk=self.loaded.open_row.pk).update(**values)
        else:
            latest = aborted.steps.aggregate(latest=Max("position"))["latest"]
            ProcessStep.objects.create(process=aborted, position=latest + 1, **values)
        due_at = self.now if aborted.next_step else None
        if due_at is None:
            locks.release(aborted, by="SYSTEM")
        self._held(ProcessStatus.ABORTED).update(worker="", due_at=due_at)
        queue.wake()

    def _let_go(self) -> None:
        """Return the process to the queue: the engine is paused, or this worker is stopping."""
        held = self._held(self.process.status)
        if self.process.status == ProcessStatus.RUNNING:
            self.process.move_to(ProcessStatus.RESUMED, at=self.now, due_at=self.now)
        held.update(status=self.process.status, due_at=self.now, worker="")
        queue.wake()


def begin(loaded: Loaded, claim: Claim, step: Step, context: Context) -> bool:
    """Record that a step is about to run, so that its interruption will be noticed."""
    process = loaded.process
    held = Process.objects.filter(pk=process.pk, fence=claim.fence, status=process.status)
    with transaction.atomic():
        if not held.update(modified_at=context.now):
            return False
        row = ProcessStep.objects.create(
            process=process,
            position=loaded.next_position,
            path=step.path,
            name=step.name,
            kind=step.kind,
            status=StepStatus.RUNNING,
            attempt=context.attempt,
            started_at=context.now,
        )
    loaded.rows.append(Row(row.pk, row.position, step.path, StepStatus.RUNNING, context.attempt))
    loaded.next_position += 1
    return True


def fail_unrunnable(loaded: Loaded, claim: Claim, error: ErrorRecord) -> None:
    """Fail a process whose next step, or whose workflow, is not in the code."""
    path = loaded.process.next_step
    name = step_names(loaded.process.definition).get(path, path)
    step = Step(name=name, bind=lambda _context, _provided: Call(Success))
    context = Context(
        process_id=loaded.process.pk,
        workflow_name=loaded.process.workflow.name,
        reporter=loaded.process.created_by,
        path=path,
        state=loaded.state,
        now=timezone.now(),
    )
    Checkpoint(
        loaded=loaded, claim=claim, step=step, context=context, outcome=Failure(error)
    ).write()


def let_rest(loaded: Loaded, claim: Claim) -> None:
    """End the claim of an aborted process that has nothing to clean up: its worker had died."""
    now = timezone.now()
    with transaction.atomic():
        held = Process.objects.filter(pk=claim.process_id, fence=claim.fence)
        if held.update(due_at=None, worker=""):
            close_open_rows(loaded.process, status=StepStatus.ABORTED, at=now)
            locks.release(loaded.process, by="SYSTEM")


def _columns(process: Process) -> dict[str, Any]:
    """Return the columns to write. The lease belongs to its renewal while the claim is held."""
    names = ["next_step", "modified_at"]
    if not process.worker:
        names += ["status", "due_at", "finished_at", "failed_reason", "assignee", "worker"]
    elif process.status == ProcessStatus.ABORTED:
        names += ["failed_reason"]
    return {"interruptions": 0} | {name: getattr(process, name) for name in names}
