"""What an action will do to a process, said before it is done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _, gettext_noop as marked, ngettext

from workflows_app import registry
from workflows_app.console.step_names import step_name
from workflows_app.definition import WorkflowDefinition
from workflows_app.errors import UnknownWorkflow
from workflows_app.localized import localized
from workflows_app.models import Process
from workflows_app.policy import Action
from workflows_app.statuses import PARKED, ProcessStatus

_MOST_NAMED = 5  # Subscriptions, in a sentence.


@dataclass(frozen=True, slots=True)
class Words:
    """How an action is offered. ``offer`` and ``heading`` are marked for translation."""

    offer: str
    heading: str
    tone: str = "default"
    reason: bool = True
    reason_required: bool = False

    @property
    def button(self) -> str:
        return _(self.offer)

    @property
    def title(self) -> str:
        return _(self.heading)


WORDS: Mapping[Action, Words] = {
    "resume": Words(marked("Go on now"), marked("Go on without waiting")),
    "reject": Words(
        marked("Reject…"), marked("Reject and fail"), tone="quiet", reason_required=True
    ),
    "retry": Words(marked("Retry"), marked("Retry the process")),
    "skip": Words(
        marked("Skip step"), marked("Skip the failed step"), tone="quiet", reason_required=True
    ),
    "edit": Words(
        marked("Edit state"), marked("Edit the state"), tone="quiet", reason_required=True
    ),
    "abort": Words(marked("Abort"), marked("Abort the process"), tone="danger"),
    "note": Words(marked("Note"), marked("Change the note"), tone="quiet", reason=False),
    "delete": Words(marked("Delete"), marked("Delete the task"), tone="danger"),
}


@dataclass(frozen=True, slots=True)
class Consequence:
    """Sentences that name what will happen; and where a retry may begin if it must be chosen."""

    sentences: list[str]
    choices: list[tuple[str, str]] = field(default_factory=list)


def consequence(action: Action, process: Process, *, from_step: str = "") -> Consequence:
    """Say what ``action`` will do to the process; a retry may begin with ``from_step``."""
    definition = definition_of(process)
    if action == "retry" and definition and from_step in definition.by_path:
        return Consequence(_retry_from(process, definition, from_step))
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
    sentences = [_("The process ends here and cannot be resumed.")]
    if process.status == ProcessStatus.RUNNING:
        sentences.append(_("The step that runs now is recorded when it ends; nothing follows it."))
    if definition and definition.cleanup:
        sentences.append(_clean_up(definition))
    if process.status == ProcessStatus.AWAITING_CALLBACK:
        sentences.append(_("The remote side keeps running. Its answer will be refused."))
    return sentences + _released(process)


def _clean_up(definition: WorkflowDefinition) -> str:
    count = len(definition.cleanup)
    text = ngettext(
        "Abort runs %(count)s clean-up step: %(names)s.",
        "Abort runs %(count)s clean-up steps: %(names)s.",
        count,
    )
    return text % {
        "count": count,
        "names": ", ".join(localized(step.name) for step in definition.cleanup),
    }


def _released(process: Process) -> list[str]:
    held = sorted(process.locks.all(), key=lambda row: (row.description, str(row.pk)))
    names = ", ".join(row.description for row in held[:_MOST_NAMED])
    if len(held) > _MOST_NAMED:
        names = _("%(names)s and others") % {"names": names}
    text = _("It releases its lock on %(names)s: in sync from then on, however far changed.")
    return [text % {"names": names}] if held else []


def _retry(process: Process, definition: WorkflowDefinition | None) -> list[str]:
    if definition is None:
        return [_("The workflow is not in the code any more, so nothing can be run.")]
    path = process.next_step
    point = definition.retry_point(path)
    if point == path:
        text = _("Retry runs “%(step)s” again, with the state as it is.")
        return [text % {"step": step_name(process, path)}]
    group = next(g for g in definition.step(path).groups if g.retry_from == "start")
    text = _("Retry starts the group “%(group)s” again, from its first step “%(step)s”.")
    sentences = [
        text % {"group": localized(group.name), "step": localized(definition.step(point).name)},
        _("What the group changed in the state is forgotten; what it did outside is not undone."),
    ]
    if any(step.kind == "callback" and group in step.groups for step in definition.steps):
        sentences.append(_("A new callback address is handed out; the old one is refused."))
    return sentences


def _retry_from(process: Process, definition: WorkflowDefinition, path: str) -> list[str]:
    paths = [step.path for step in definition.steps]
    again = paths[paths.index(path) :] if path in paths else []
    if process.next_step in again:
        again = again[: again.index(process.next_step) + 1]
    text = ngettext(
        "The process goes on from “%(step)s”: %(count)s step is run again.",
        "The process goes on from “%(step)s”: %(count)s steps are run again.",
        len(again),
    )
    sentences = [
        text % {"step": step_name(process, path), "count": len(again)},
        _("The state stays as it is, with what these steps have changed in it."),
        _("What they did outside is not undone, and may be done a second time."),
    ]
    if any(definition.step(step).kind == "callback" for step in again):
        sentences.append(_("A new callback address is handed out; the old one is refused."))
    return sentences


def _skip(process: Process, definition: WorkflowDefinition | None) -> list[str]:
    failed = step_name(process, process.next_step)
    known = definition is not None and process.next_step in definition.by_path
    follower = definition.after(process.next_step) if definition and known else ""
    text = _("The process ends, as if “%(failed)s” had run and changed nothing.")
    if follower:
        text = _(
            "The process goes on with “%(next)s”, as if “%(failed)s” had run and changed nothing."
        )
    return [
        text % {"failed": failed, "next": step_name(process, follower)},
        _("What the step should have done outside is yours to check."),
    ]


def _resume(process: Process, _definition: WorkflowDefinition | None) -> list[str]:
    text = _("The timer “%(step)s” ends now.")
    if process.failed_reason:
        text = _("“%(step)s” is tried again now instead of when its next try is due.")
    return [text % {"step": step_name(process, process.next_step)}]


def _reject(process: Process, definition: WorkflowDefinition | None) -> list[str]:
    step = step_name(process, process.next_step)
    sentences = [
        _("The step “%(step)s” fails, and the process stops there with your reason.")
        % {"step": step},
        _("What was done outside is not undone. A retry asks again."),
    ]
    if definition and process.next_step in definition.by_path:
        group = definition.retry_point(process.next_step)
        if group != process.next_step:
            sentences[-1] = _(
                "What was done outside is not undone. A retry runs the whole group again."
            )
    return sentences


def _edit(_process: Process, _definition: WorkflowDefinition | None) -> list[str]:
    return [
        _("The keys you give replace those of the state; the others stay."),
        _("The values before and after are kept in the action log. Then retry the process."),
    ]


def _note(_process: Process, _definition: WorkflowDefinition | None) -> list[str]:
    return [_("Everybody who may look at the process reads the note.")]


def _delete(_process: Process, _definition: WorkflowDefinition | None) -> list[str]:
    return [
        _("The task, its steps and its state are gone for good; the action log keeps that it was.")
    ]


_SAYINGS: Mapping[Action, _Saying] = {
    "resume": _resume,
    "reject": _reject,
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
            _("The step “%(step)s” is no longer part of the workflow.") % {"step": gone},
            _("Choose the step to continue from. Nothing before it is run again."),
        ],
        [(step.path, step.path.replace("/", " / ")) for step in definition.steps],
    )
