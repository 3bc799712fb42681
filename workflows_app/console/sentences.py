"""What is going on with a process, in one sentence; and the shape and hue of every status.

A sentence is translated as a whole, or in clauses with a dot between them; only then are names and
instants put into it, so that the instants can be counted on by the page.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from django.utils.translation import gettext as _, gettext_noop as marked, pgettext

from workflows_app.console.moments import Moment, duration
from workflows_app.console.step_names import step_name
from workflows_app.console.terminal import one_line
from workflows_app.json_values import JSON
from workflows_app.masking import masked
from workflows_app.models import Process, ProcessEvent, ProcessStep
from workflows_app.statuses import ProcessStatus, StepStatus

Sentence: TypeAlias = list[str | Moment]
SHORT = 160  # Characters of a reason in a list.
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Look:
    """How a status looks: colour never speaks alone."""

    shape: str
    hue: str
    name: str  # In English, whoever reads.

    @property
    def word(self) -> str:
        """The name in the reader's language."""
        return _(self.name)


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
    _P.CREATED: Look("circle", "grey", marked("created")),
    _P.RESUMED: Look("circle", "grey", marked("resumed")),
    _P.RUNNING: Look("half", "blue", marked("running")),
    _P.SUSPENDED: Look("hand", "amber", marked("suspended")),
    _P.AWAITING_CALLBACK: Look("hourglass", "violet", marked("awaiting callback")),
    _P.WAITING: Look("clock", "slate", marked("waiting")),
    _P.FAILED: Look("cross", "red", marked("failed")),
    _P.INCONSISTENT_DATA: Look("cross", "red", marked("inconsistent data")),
    _P.API_UNAVAILABLE: Look("cross", "red", marked("API unavailable")),
    _P.COMPLETED: Look("tick", "green", marked("completed")),
    _P.ABORTED: Look("stop", "grey", marked("aborted")),
    _S.SUCCESS: Look("tick", "green", marked("done")),
    _S.SKIPPED: Look("dash", "grey", marked("skipped")),
    "next": Look("circle", "blue", marked("next")),
    "pending": Look("circle", "faint", marked("to come")),
}


def sentence(process: Process, facts: Facts) -> Sentence:
    """Say what is going on with the process."""
    return _SENTENCES[ProcessStatus(process.status)](process, facts)


def compose(text: str, **parts: object) -> Sentence:
    """Put the parts into a translated text; an instant stays one.

    >>> compose("50 %% of %(what)s", what="it")
    ['50 % of ', 'it']
    """
    pieces = _PLACEHOLDER.split(text)  # Every second one is the name of a placeholder.
    found: Sentence = []
    for at, piece in enumerate(pieces):
        part = parts[piece] if at % 2 else piece.replace("%%", "%")
        found.append(part if isinstance(part, Moment) else str(part))
    return [part for part in found if part]


def joined(*clauses: Sentence) -> Sentence:
    """Return the clauses as one sentence, with a dot between them."""
    return [part for at, clause in enumerate(clauses) for part in ([" · "] * (at > 0) + clause)]


def progress_text(progress: JSON) -> str:
    """Return what a remote system reported, on one line."""
    if isinstance(progress, dict) and progress.keys() & {"percent", "message"}:
        percent, message = progress.get("percent"), progress.get("message")
        texts = [f"{rounded(percent)} %" if percent is not None else "", str(message or "")]
        return _short(one_line(" ".join(filter(None, texts))))
    return _short(one_line(masked(progress)))


def rounded(percent: JSON) -> str:
    """Return a percentage to one decimal; what is no number as it is."""
    return f"{round(percent, 1):g}" if isinstance(percent, int | float) else str(percent)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHORT else f"{line[:SHORT]}…"


def _queued(process: Process, facts: Facts) -> Sentence:
    text = _("queued for %(span)s")
    if facts.paused:
        text = _("queued for %(span)s, the engine is paused")
    return compose(text, span=Moment(process.modified_at, facts.now))


def _running(process: Process, facts: Facts) -> Sentence:
    if process.due_at and process.due_at < facts.now:
        text = _("interrupted, waits for a worker since %(span)s")
        return compose(text, span=Moment(process.due_at, facts.now))
    paths = [entry["path"] for entry in process.definition]
    clauses: list[Sentence] = [
        [step_name(process, process.next_step)],
        [Moment(process.modified_at, facts.now)],
    ]
    if process.next_step in paths:
        number = paths.index(process.next_step) + 1
        text = _("step %(number)s of %(count)s")
        clauses.insert(0, compose(text, number=number, count=len(paths)))
    return joined(*clauses)


def _suspended(process: Process, facts: Facts) -> Sentence:
    if getattr(process, "needs_me", False):
        needs = _("needs you")
    elif process.assignee:
        needs = _("needs %(assignee)s") % {"assignee": process.assignee}
    else:
        needs = _("needs an operator")
    name = step_name(process, process.next_step)
    return joined([needs], [name], _since(process, facts))


def _since(process: Process, facts: Facts) -> Sentence:
    return compose(_("since %(span)s"), span=Moment(process.modified_at, facts.now))


def _awaiting(process: Process, facts: Facts) -> Sentence:
    step = facts.open_step(process)
    told = progress_text(step.progress) if step and step.progress is not None else ""
    heard = compose(_("remote: %(progress)s"), progress=told)
    if not told:
        heard = joined([step_name(process, process.next_step)], [_("remote: nothing heard yet")])
    if process.due_at is None:
        return joined(heard, _since(process, facts))
    expires = Moment(process.due_at, facts.now, ahead=True)
    return joined(heard, compose(_("expires in %(span)s"), span=expires))


def _waiting(process: Process, facts: Facts) -> Sentence:
    step, due = facts.open_step(process), process.due_at or facts.now
    moment = Moment(due, facts.now, ahead=True)
    name = step_name(process, process.next_step)
    if not process.failed_reason:
        return joined([name], compose(_("goes on in %(span)s"), span=moment))
    again = compose(_("tries again in %(span)s"), span=moment)
    if step:
        text = _("tries again in %(span)s (attempt %(number)s)")
        again = compose(text, span=moment, number=step.attempt + 1)
    return joined(again, [f"{name}: {_short(process.failed_reason)}"])


def _failed(process: Process, _facts: Facts) -> Sentence:
    return [f"{step_name(process, process.next_step)}: {_short(process.failed_reason)}"]


def _completed(process: Process, _facts: Facts) -> Sentence:
    ended = process.finished_at or process.modified_at
    return compose(
        pgettext("how long it took", "in %(span)s"), span=duration(ended - process.created_at)
    )


def _aborted(process: Process, facts: Facts) -> Sentence:
    if process.next_step and process.due_at:
        name = step_name(process, process.next_step)
        return compose(_("cleaning up: %(step)s"), step=name)
    clauses = [_by_whom(process, facts)]
    if process.failed_reason:
        trouble = _short(process.failed_reason)
        clauses.append(compose(_("clean-up: %(trouble)s"), trouble=trouble))
    return joined(*clauses)


def _by_whom(process: Process, facts: Facts) -> Sentence:
    event = facts.aborts.get(process.pk)
    span = Moment(process.finished_at or process.modified_at, facts.now)
    if event is None:
        return compose(_("by its workflow, %(span)s ago"), span=span)
    if not event.reason:
        return compose(_("by %(actor)s, %(span)s ago"), actor=event.actor, span=span)
    text = _("by %(actor)s, %(span)s ago: “%(reason)s”")
    return compose(text, actor=event.actor, span=span, reason=_short(event.reason))


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
