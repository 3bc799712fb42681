"""What an action will do to a process, said before it is done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workflows_app import registry
from workflows_app.console.sentences import step_name
from workflows_app.definition import WorkflowDefinition
from workflows_app.errors import UnknownWorkflow
from workflows_app.models import Process
from workflows_app.policy import Action
from workflows_app.statuses import PARKED, ProcessStatus

_MOST_NAMED = 5  # Subscriptions, in a sentence.


@dataclass(frozen=True, slots=True)
class Words:
    """How an action is offered."""

    button: str
    title: str
    tone: str = "default"
    reason: bool = True
    reason_required: bool = False


WORDS: Mapping[Action, Words] = {
    "resume": Words("Go on now", "Go on without waiting"),
    "retry": Words("Retry", "Retry the process"),
    "skip": Words("Skip step", "Skip the failed step", tone="quiet", reason_required=True),
    "edit": Words("Edit state", "Edit the state", tone="quiet", reason_required=True),
    "abort": Words("Abort", "Abort the process", tone="danger"),
    "note": Words("Note", "Change the note", tone="quiet", reason=False),
    "delete": Words("Delete", "Delete the task", tone="danger"),
}


@dataclass(frozen=True, slots=True)
class Consequence:
    """Sentences that name what will happen; and where a retry may begin if it must be chosen."""

    sentences: list[str]
    choices: list[tuple[str, str]] = field(default_factory=list)


def consequence(action: Action, process: Process) -> Consequence:
    """Say what ``action`` will do to the process."""
    definition = definition_of(process)
    if action == "retry" and definition and process.next_step not in definition.by_path:
        return _choose(process, definition)
    return Consequence(list(_SAYINGS[action](process, definition)))


def definition_of(process: Process) -> WorkflowDefinition | None:
    """Return the workflow in today's code, if it is there."""
    try:
        return registry.get(process.workflow.name)
    except UnknownWorkflow:
        return None


def is_stranded(process: Process) -> bool:
    """Whether the process waits in a step that has left the code: only a retry leads on."""
    if process.status not in PARKED:
        return False
    definition = definition_of(process)
    return definition is not None and process.next_step not in definition.by_path


_Saying = Callable[[Process, WorkflowDefinition | None], list[str]]


def _abort(process: Process, definition: WorkflowDefinition | None) -> list[str]:
    sentences = ["The process ends here and cannot be resumed."]
    if process.status == ProcessStatus.RUNNING:
        sentences.append("The step that runs now is recorded when it ends; nothing follows it.")
    cleanup = definition.cleanup if definition else ()
    if cleanup:
        names = ", ".join(step.name for step in cleanup)
        count = f"{len(cleanup)} clean-up step" + ("s" if len(cleanup) > 1 else "")
        sentences.append(f"Abort runs {count}: {names}.")
    if process.status == ProcessStatus.AWAITING_CALLBACK:
        sentences.append("The remote side keeps running. Its answer will be refused.")
    held = list(process.locks.order_by("description", "pk")[: _MOST_NAMED + 1])
    if held:
        names = ", ".join(row.description for row in held[:_MOST_NAMED])
        more = " and others" if len(held) > _MOST_NAMED else ""
        sentences.append(
            f"It releases its lock on {names}{more}: in sync from then on, however far changed."
        )
    return sentences


def _retry(process: Process, definition: WorkflowDefinition | None) -> list[str]:
    if definition is None:
        return ["The workflow is not in the code any more, so nothing can be run."]
    path = process.next_step
    point = definition.retry_point(path)
    failed = step_name(process, path)
    if point == path:
        return [f"Retry runs “{failed}” again, with the state as it is."]
    group = next(g for g in definition.step(path).groups if g.retry_from == "start")
    first = definition.step(point).name
    sentences = [
        f"Retry starts the group “{group.name}” again, from its first step “{first}”.",
        "What the group changed in the state is forgotten; what it did outside is not undone.",
    ]
    if any(step.kind == "callback" and group in step.groups for step in definition.steps):
        sentences.append("A new callback address is handed out; the old one is refused.")
    return sentences


def _skip(process: Process, definition: WorkflowDefinition | None) -> list[str]:
    failed = step_name(process, process.next_step)
    known = definition is not None and process.next_step in definition.by_path
    follower = definition.after(process.next_step) if definition and known else ""
    onward = f"goes on with “{step_name(process, follower)}”" if follower else "ends"
    return [
        f"The process {onward}, as if “{failed}” had run and changed nothing.",
        "What the step should have done outside is yours to check.",
    ]


def _resume(process: Process, _definition: WorkflowDefinition | None) -> list[str]:
    name = step_name(process, process.next_step)
    if process.failed_reason:
        return [f"“{name}” is tried again now instead of when its next try is due."]
    return [f"The timer “{name}” ends now."]


def _edit(_process: Process, _definition: WorkflowDefinition | None) -> list[str]:
    return [
        "The keys you give replace those of the state; the others stay.",
        "The values before and after are kept in the action log. Then retry the process.",
    ]


def _note(_process: Process, _definition: WorkflowDefinition | None) -> list[str]:
    return ["Everybody who may look at the process reads the note."]


def _delete(_process: Process, _definition: WorkflowDefinition | None) -> list[str]:
    return [
        "The task, its steps and its state are gone for good; the action log keeps that it was."
    ]


_SAYINGS: Mapping[Action, _Saying] = {
    "resume": _resume,
    "retry": _retry,
    "skip": _skip,
    "edit": _edit,
    "abort": _abort,
    "note": _note,
    "delete": _delete,
}


def _choose(process: Process, definition: WorkflowDefinition) -> Consequence:
    gone = step_name(process, process.next_step)
    return Consequence(
        [
            f"The step “{gone}” is no longer part of the workflow.",
            "Choose the step to continue from. Nothing before it is run again.",
        ],
        [(step.path, step.path.replace("/", " / ")) for step in definition.steps],
    )
