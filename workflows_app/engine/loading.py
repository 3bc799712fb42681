"""A process in memory: its row, its definition, its folded state, and its last steps."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from workflows_app import registry
from workflows_app.definition import WorkflowDefinition
from workflows_app.dsl.steps import Context, Step
from workflows_app.errors import UnknownProcess
from workflows_app.json_values import JSONObject
from workflows_app.models import Process, ProcessStep
from workflows_app.models.process import fold
from workflows_app.statuses import StepStatus

_OPEN = frozenset(
    {StepStatus.RUNNING, StepStatus.SUSPENDED, StepStatus.AWAITING_CALLBACK, StepStatus.WAITING}
)


@dataclass(frozen=True, slots=True)
class Row:
    """What the engine needs to know of a recorded step."""

    pk: int
    position: int
    path: str
    status: StepStatus
    attempt: int = 1
    error_class: str = ""
    reason: str = ""
    superseded: bool = False

    @property
    def failed_try(self) -> bool:
        """Whether this try failed and waits to be repeated by the step's policy."""
        return self.status == StepStatus.WAITING and bool(self.error_class)


_COLUMNS = ("pk", "position", "path", "status", "attempt", "error_class", "reason", "superseded")


@dataclass(slots=True)
class Loaded:
    """A process with what is needed to run or answer its next step."""

    process: Process
    rows: list[Row]
    state: JSONObject
    next_position: int = field(init=False)

    def __post_init__(self) -> None:
        self.next_position = self.rows[-1].position + 1 if self.rows else 0

    @property
    def definition(self) -> WorkflowDefinition:
        """The workflow in today's code. Raises UnknownWorkflow."""
        return registry.get(self.process.workflow.name)

    @property
    def last(self) -> Row | None:
        """The last row of the step at the bookmark, if that was the last step that ran."""
        latest = next(self._latest_first(), None)
        return latest if latest and latest.path == self.process.next_step else None

    @property
    def open_row(self) -> Row | None:
        """The row that the bookmark's step continues: a wait, or one that was begun."""
        last = self.last
        return last if last and last.status in _OPEN and not last.failed_try else None

    def context(self, step: Step, *, now: datetime) -> Context:
        """Return what ``step`` is told when it runs now."""
        continued = self.open_row
        attempt, base = self._attempts(step.path)
        return Context(
            process_id=self.process.pk,
            workflow_name=self.process.workflow.name,
            reporter=self.process.created_by,
            path=step.path,
            state=self.state,
            attempt=continued.attempt if continued else attempt,
            tries=attempt - base,
            idempotency_key=self._idempotency_key(),
            resumes=continued.status if continued else None,
            traceparent=self.process.traceparent,
            now=now,
        )

    def forget_since(self, path: str) -> None:
        """Mark what was recorded since the step ``path`` last ran as superseded, in the database.

        Edits of the state stay: they are what an operator wanted.
        """
        entered = max(
            (row.position for row in self.rows if row.path == path and not row.superseded),
            default=self.next_position,
        )
        self.process.steps.filter(position__gte=entered).exclude(path="").update(superseded=True)

    def _attempts(self, path: str) -> tuple[int, int]:
        """Return the number of the next try of a step, and of the last before this execution."""
        recorded = [row for row in self.rows if row.path == path]
        attempt = recorded[-1].attempt + 1 if recorded else 1
        while recorded and recorded[-1].failed_try:
            recorded.pop()
        return attempt, recorded[-1].attempt if recorded else 0

    def _idempotency_key(self) -> str:
        """Name this execution: the same until it succeeds, fails, or is retried by hand."""
        position = self.next_position
        for row in self._latest_first():
            if row.path != self.process.next_step or row.status not in _OPEN:
                break
            position = row.position
        return str(uuid.uuid5(self.process.pk, f"{self.process.next_step}@{position}"))

    def _latest_first(self) -> Iterator[Row]:
        """Yield the rows of steps that count; edits of the state have no path."""
        return (row for row in reversed(self.rows) if row.path and not row.superseded)


def load(process: Process) -> Loaded:
    """Read a process's steps and fold its state. One statement."""
    steps = process.steps.order_by("position").values_list(*_COLUMNS, "patch")
    rows: list[Row] = []
    patches: list[JSONObject] = []
    for pk, position, path, status, *rest, patch in steps:
        row = Row(pk, position, path, StepStatus(status), *rest)
        rows.append(row)
        if not row.superseded:
            patches.append(patch)
    return Loaded(process, rows, fold(patches))


def locked(process_id: UUID) -> Process:
    """Return the process with its row locked until the transaction ends.

    Raises:
        UnknownProcess: there is none.
    """
    process = (
        Process.objects.select_related("workflow")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=process_id)
        .first()
    )
    if process is None:
        raise UnknownProcess(process_id)
    return process


def unlocked(process_id: UUID) -> Process:
    """Return the process as it stands.

    Raises:
        UnknownProcess: there is none.
    """
    process = Process.objects.select_related("workflow").filter(pk=process_id).first()
    if process is None:
        raise UnknownProcess(process_id)
    return process


def step_names(snapshot: Iterable[dict[str, str]]) -> dict[str, str]:
    """Return the name of each step of a definition kept as data, by its path."""
    return {entry["path"]: entry["name"] for entry in snapshot}


def close_open_rows(process: Process, *, status: StepStatus, at: datetime) -> None:
    """End the rows of a process that still wait."""
    ProcessStep.objects.filter(process=process, status__in=_OPEN, completed_at__isnull=True).update(
        status=status, completed_at=at, progress=None
    )
