"""What is going on with a process, in one sentence; and the shape and hue of every status."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from workflows_app.console.moments import Moment, duration
from workflows_app.json_values import JSON
from workflows_app.models import Process, ProcessEvent, ProcessStep
from workflows_app.statuses import ProcessStatus, StepStatus

Sentence: TypeAlias = list[str | Moment]
SHORT = 160  # Characters of a reason in a list.


@dataclass(frozen=True, slots=True)
class Look:
    """How a status looks: colour never speaks alone."""

    shape: str
    hue: str
    word: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence needs beside the process itself."""

    now: datetime
    paused: bool = False
    open_steps: Mapping[tuple[UUID, str], ProcessStep] = field(default_factory=dict)
    aborts: Mapping[UUID, ProcessEvent] = field(default_factory=dict)

    def open_step(self, process: Process) -> ProcessStep | None:
        return self.open_steps.get((process.pk, process.next_step))


_P, _S = ProcessStatus, StepStatus
LOOKS: Mapping[str, Look] = {
    _P.CREATED: Look("circle", "grey", "created"),
    _P.RESUMED: Look("circle", "grey", "resumed"),
    _P.RUNNING: Look("half", "blue", "running"),
    _P.SUSPENDED: Look("hand", "amber", "suspended"),
    _P.AWAITING_CALLBACK: Look("hourglass", "violet", "awaiting callback"),
    _P.WAITING: Look("clock", "slate", "waiting"),
    _P.FAILED: Look("cross", "red", "failed"),
    _P.INCONSISTENT_DATA: Look("cross", "red", "inconsistent data"),
    _P.API_UNAVAILABLE: Look("cross", "red", "API unavailable"),
    _P.COMPLETED: Look("tick", "green", "completed"),
    _P.ABORTED: Look("stop", "grey", "aborted"),
    _S.SUCCESS: Look("tick", "green", "done"),
    _S.SKIPPED: Look("dash", "grey", "skipped"),
    "next": Look("circle", "blue", "next"),
    "pending": Look("circle", "faint", "to come"),
}


def sentence(process: Process, facts: Facts) -> Sentence:
    """Say what is going on with the process."""
    return _SENTENCES[ProcessStatus(process.status)](process, facts)


def step_name(process: Process, path: str) -> str:
    """Return a step's group and name as the process's own definition has them."""
    for entry in process.definition:
        if entry["path"] == path:
            group = path.removesuffix(entry["name"]).rstrip("/")
            return f"{group} / {entry['name']}" if group else str(entry["name"])
    return path.replace("/", " / ")


def progress_text(progress: JSON) -> str:
    """Return what a remote system reported, on one line."""
    if isinstance(progress, dict) and progress.keys() & {"percent", "message"}:
        percent, message = progress.get("percent"), progress.get("message")
        texts = [f"{rounded(percent)} %" if percent is not None else "", str(message or "")]
        return _short(" ".join(filter(None, texts)))
    text = progress if isinstance(progress, str) else json.dumps(progress, ensure_ascii=False)
    return _short(text)


def rounded(percent: JSON) -> str:
    """Return a percentage to one decimal; what is no number as it is."""
    return f"{round(percent, 1):g}" if isinstance(percent, int | float) else str(percent)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHORT else f"{line[:SHORT]}…"


def _queued(process: Process, facts: Facts) -> Sentence:
    held = ", the engine is paused" if facts.paused else ""
    return ["queued for ", Moment(process.modified_at, facts.now), held]


def _running(process: Process, facts: Facts) -> Sentence:
    if process.due_at and process.due_at < facts.now:
        return ["interrupted, waits for a worker since ", Moment(process.due_at, facts.now)]
    paths = [entry["path"] for entry in process.definition]
    where = ""
    if process.next_step in paths:
        where = f"step {paths.index(process.next_step) + 1} of {len(paths)} · "
    name = step_name(process, process.next_step)
    return [f"{where}{name} · ", Moment(process.modified_at, facts.now)]


def _suspended(process: Process, facts: Facts) -> Sentence:
    mine = getattr(process, "needs_me", False)
    who = "you" if mine else process.assignee or "an operator"
    name = step_name(process, process.next_step)
    return [f"needs {who} · {name} · since ", Moment(process.modified_at, facts.now)]


def _awaiting(process: Process, facts: Facts) -> Sentence:
    step = facts.open_step(process)
    told = f"remote: {progress_text(step.progress)}" if step and step.progress is not None else ""
    told = told or f"{step_name(process, process.next_step)} · remote: nothing heard yet"
    if process.due_at is None:
        return [f"{told} · since ", Moment(process.modified_at, facts.now)]
    return [f"{told} · expires in ", Moment(process.due_at, facts.now, ahead=True)]


def _waiting(process: Process, facts: Facts) -> Sentence:
    step, due = facts.open_step(process), process.due_at or facts.now
    moment = Moment(due, facts.now, ahead=True)
    name = step_name(process, process.next_step)
    if not process.failed_reason:
        return [f"{name} · goes on in ", moment]
    attempt = f" (attempt {step.attempt + 1})" if step else ""
    return ["tries again in ", moment, f"{attempt} · {name}: {_short(process.failed_reason)}"]


def _failed(process: Process, _facts: Facts) -> Sentence:
    return [f"{step_name(process, process.next_step)}: {_short(process.failed_reason)}"]


def _completed(process: Process, _facts: Facts) -> Sentence:
    ended = process.finished_at or process.modified_at
    return [f"in {duration(ended - process.created_at)}"]


def _aborted(process: Process, facts: Facts) -> Sentence:
    if process.next_step and process.due_at:
        name = step_name(process, process.next_step)
        return [f"cleaning up: {name}"]
    event = facts.aborts.get(process.pk)
    ended = process.finished_at or process.modified_at
    by = f"by {event.actor}, " if event else "by its workflow, "
    reason = f": “{_short(event.reason)}”" if event and event.reason else ""
    trouble = f" · clean-up: {_short(process.failed_reason)}" if process.failed_reason else ""
    return [by, Moment(ended, facts.now), f" ago{reason}{trouble}"]


_SENTENCES: Mapping[ProcessStatus, Callable[[Process, Facts], Sentence]] = {
    _P.CREATED: _queued,
    _P.RESUMED: _queued,
    _P.RUNNING: _running,
    _P.SUSPENDED: _suspended,
    _P.AWAITING_CALLBACK: _awaiting,
    _P.WAITING: _waiting,
    _P.FAILED: _failed,
    _P.INCONSISTENT_DATA: _failed,
    _P.API_UNAVAILABLE: _failed,
    _P.COMPLETED: _completed,
    _P.ABORTED: _aborted,
}
