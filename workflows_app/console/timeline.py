"""What the process page shows of the steps: all of the process's own definition, and what ran.

The order is that of the definition the process was last run with. What is recorded but not in it
(clean-up steps, edits of the state, steps that have left the code) stands where it happened.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

from workflows_app.console.differences import Difference, patched
from workflows_app.console.moments import Moment, duration
from workflows_app.console.sentences import LOOKS, Look
from workflows_app.console.values import pretty
from workflows_app.json_values import JSONObject
from workflows_app.models import Process, ProcessStep
from workflows_app.statuses import FINAL, ProcessStatus, StepStatus

# Aborted: if something is current then, it is a step of the clean-up.
_ON_ITS_WAY = frozenset(
    {
        ProcessStatus.CREATED,
        ProcessStatus.RESUMED,
        ProcessStatus.RUNNING,
        ProcessStatus.ABORTED,
    }
)
_OPEN = frozenset(
    {StepStatus.RUNNING, StepStatus.SUSPENDED, StepStatus.AWAITING_CALLBACK, StepStatus.WAITING}
)


@dataclass(frozen=True, slots=True)
class Ran:
    """One recorded execution, ready to be shown."""

    row: ProcessStep
    look: Look
    since: Moment
    took: str
    changes: Callable[[], list[Difference]]  # Worked out for those that are shown.
    details: str

    @property
    def failed(self) -> bool:
        """Whether it ended, or waits, because of an error."""
        return bool(self.row.error_class)


@dataclass(slots=True)
class Entry:
    """A step of the timeline: its latest execution, and those before it."""

    path: str
    name: str
    group: str
    kind: str = "step"
    assignee: str = ""
    look: Look = LOOKS["pending"]
    until: str = ""
    anchor: str = ""
    current: bool = False
    latest: Ran | None = None
    earlier: list[Ran] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring steps of one step group; without a name, steps of none."""

    name: str
    entries: list[Entry]
    look: Look


def timeline(
    process: Process,
    rows: Sequence[ProcessStep],
    now: datetime,
    cleanup: Iterable[dict[str, Any]] = (),
) -> list[Entry]:
    """Arrange the recorded ``rows``, in the order of their positions, for the page.

    ``cleanup`` are the steps that follow an abort, if one is being cleaned up.
    """
    ran = list(_executions(rows, now))
    entries = _arrange([*process.definition, *cleanup], ran)
    for entry in entries:
        _settle(entry, process)
    return entries


def grouped(entries: Iterable[Entry]) -> list[Group]:
    """Return the steps by their groups."""
    return [
        _group(name, list(members)) for name, members in groupby(entries, lambda entry: entry.group)
    ]


def state_after(rows: Iterable[ProcessStep], position: int) -> JSONObject:
    """Return the state after the step at ``position``."""
    state: JSONObject = {}
    for row in rows:
        if row.position <= position and (not row.superseded or row.position == position):
            state.update(row.patch)
    return state


def _executions(rows: Iterable[ProcessStep], now: datetime) -> Iterator[Ran]:
    state: JSONObject = {}
    for row in rows:
        ended = row.completed_at
        yield Ran(
            row=row,
            look=LOOKS[row.status],
            since=Moment(row.started_at, now),
            took=duration(ended - row.started_at) if ended else "",
            changes=partial(patched, dict(state), row.patch),
            details="" if row.details is None else pretty(row.details),
        )
        if not row.superseded:
            state.update(row.patch)


def _arrange(definition: Iterable[dict[str, Any]], ran: Sequence[Ran]) -> list[Entry]:
    entries = [
        Entry(
            path=step["path"],
            name=step["name"],
            group=_prefix(step["path"], step["name"]),
            kind=step["kind"],
            assignee=step.get("assignee", ""),
            until=step.get("until", ""),
            anchor=f"at-{number}",
        )
        for number, step in enumerate(definition, start=1)
    ]
    by_path = {entry.path: entry for entry in entries}
    last: Entry | None = None
    for execution in ran:
        row = execution.row
        entry = by_path.get(row.path) if row.path else None
        if entry is None:
            group = _prefix(row.path, row.name)
            entry = Entry(row.path, row.name, group, row.kind, anchor=f"at-row-{row.pk}")
            entries.insert(_place(entries, last, execution), entry)
            if row.path:
                by_path[row.path] = entry
        entry.earlier.append(execution)
        last = entry
    return entries


def _place(entries: list[Entry], last: Entry | None, execution: Ran) -> int:
    """Return where an unplanned execution goes: after the one before it, clean-up at the end."""
    if last is None or execution.row.path.startswith("Clean-up/"):
        return len(entries)
    return next(at for at, entry in enumerate(entries, start=1) if entry is last)


def _settle(entry: Entry, process: Process) -> None:
    """Choose which execution stands for the step now, and how the step looks."""
    at_bookmark = bool(entry.path) and entry.path == process.next_step
    entry.current = at_bookmark and (process.status not in FINAL or process.due_at is not None)
    runs_again = entry.current and process.status in _ON_ITS_WAY
    newest = entry.earlier[-1] if entry.earlier else None
    if newest and not newest.row.superseded and not (runs_again and _has_ended(newest.row)):
        entry.latest = entry.earlier.pop()
        entry.look = entry.latest.look
    elif runs_again:
        running = process.status == ProcessStatus.RUNNING
        entry.look = LOOKS[ProcessStatus.RUNNING if running else "next"]


def _has_ended(row: ProcessStep) -> bool:
    return row.status not in _OPEN or bool(row.error_class)


def _group(name: str, entries: list[Entry]) -> Group:
    """Sum a group up: what is open or failed in it, else done or to come."""
    looks = [entry.look for entry in entries]
    done = {LOOKS[StepStatus.SUCCESS], LOOKS[StepStatus.SKIPPED]}
    active = next((entry.look for entry in entries if entry.current), None)
    stopped = next((look for look in looks if look.shape in ("cross", "stop")), None)
    ended = LOOKS[StepStatus.SUCCESS] if all(look in done for look in looks) else None
    return Group(name, entries, active or stopped or ended or LOOKS["pending"])


def _prefix(path: str, name: str) -> str:
    return path.removesuffix(name).rstrip("/") if path != name else ""
