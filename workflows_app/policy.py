"""Who may do what: one policy for the console, the API and the commands.

A user needs the permission, and where the workflow or the step names an authoriser, its consent
too. A form with an assignee is for the members of the group of that name, if there is one.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _, gettext_noop as marked

from workflows_app import registry
from workflows_app.authors import authors_code
from workflows_app.definition import WorkflowDefinition
from workflows_app.dsl.steps import Authorizer, Step
from workflows_app.errors import NotAllowed, UnknownStep, UnknownWorkflow, WorkflowError
from workflows_app.models import Process
from workflows_app.statuses import FAILURES, FINAL, Assignee, ProcessStatus

Action = Literal["resume", "reject", "retry", "skip", "edit", "abort", "note", "delete"]

PERMISSIONS: dict[str, str] = {
    "view": "workflows_app.view_process",
    "start": "workflows_app.start_process",
    "resume": "workflows_app.resume_process",
    "reject": "workflows_app.resume_process",
    "retry": "workflows_app.retry_process",
    "skip": "workflows_app.repair_process",
    "edit": "workflows_app.repair_process",
    "abort": "workflows_app.abort_process",
    "note": "workflows_app.change_process",
    "delete": "workflows_app.delete_process",
    "pause": "workflows_app.pause_engine",
    "set in sync": "workflows_app.lock_subscription",
    "see schedules": "workflows_app.view_schedule",
    "add schedules": "workflows_app.add_schedule",
    "change schedules": "workflows_app.change_schedule",
    "delete schedules": "workflows_app.delete_schedule",
}

_FITTING: dict[Action, Callable[[Process], bool]] = {
    "resume": lambda process: process.status in {ProcessStatus.SUSPENDED, ProcessStatus.WAITING},
    "reject": lambda process: process.status == ProcessStatus.SUSPENDED,
    "retry": lambda process: process.status in FAILURES,
    "skip": lambda process: process.status in FAILURES,
    "edit": lambda process: process.status in FAILURES,
    "abort": lambda process: process.status not in FINAL,
    "note": lambda _process: True,
    "delete": lambda process: process.is_task and process.status in FINAL,
}

_REFUSALS: dict[Action, str] = {
    "resume": marked("you may not resume this process"),
    "reject": marked("you may not reject this process"),
    "retry": marked("you may not retry this process"),
    "skip": marked("you may not skip this process"),
    "edit": marked("you may not edit this process"),
    "abort": marked("you may not abort this process"),
    "note": marked("you may not note this process"),
    "delete": marked("you may not delete this process"),
}
_SCHEDULE_REFUSALS = {
    "see": marked("you may not see schedules"),
    "add": marked("you may not add schedules"),
    "change": marked("you may not change schedules"),
    "delete": marked("you may not delete schedules"),
}


def require_start(user: Any, definition: WorkflowDefinition) -> None:
    """Raise NotAllowed unless ``user`` may start the workflow."""
    if not may_start(user, definition):
        raise NotAllowed(_("you may not start %(workflow)s") % {"workflow": definition.name})


def may_start(user: Any, definition: WorkflowDefinition) -> bool:
    """Return whether ``user`` may start the workflow."""
    return bool(user.has_perm(PERMISSIONS["start"])) and _consents(definition.authorize, user)


def require(user: Any, action: Action, process: Process, *, from_step: str = "") -> None:
    """Raise NotAllowed unless ``user`` may do ``action`` to the process.

    A retry from another step than the one at the bookmark needs the consent of both.
    """
    allowed = may(user, action, process)
    if allowed and action == "retry" and from_step:
        allowed = from_step in retriable(user, process, [from_step])
    if not allowed:
        raise NotAllowed(_(_REFUSALS[action]))


def may(user: Any, action: Action, process: Process) -> bool:
    """Return whether ``user`` may do ``action`` to the process, whatever its status."""
    if not user.has_perm(PERMISSIONS[action]):
        return False
    if action in ("resume", "reject"):
        return _may_answer(user, process) and _consents(_authorizer(process, "resume"), user)
    if action in ("retry", "skip", "edit"):
        return _consents(_authorizer(process, action), user)
    return True


def retriable(user: Any, process: Process, paths: Iterable[str]) -> list[str]:
    """Return those of the steps whose authorisers let ``user`` retry from them.

    Each authoriser is asked once, however many steps it is of.
    """
    asked: dict[Authorizer | None, bool] = {}
    consenting = []
    for path in paths:
        authorizer = _authorizer(process, "retry", path)
        if authorizer not in asked:
            asked[authorizer] = _consents(authorizer, user)
        if asked[authorizer]:
            consenting.append(path)
    return consenting


def fits(action: Action, process: Process) -> bool:
    """Return whether the process's status admits ``action``, whoever asks."""
    return _FITTING[action](process)


def consents(user: Any, process: Process) -> bool:
    """Return whether the step that waits, or its workflow, lets ``user`` answer in its place."""
    return _consents(_authorizer(process, "resume"), user)


def allowed_actions(user: Any, process: Process) -> list[Action]:
    """Return what ``user`` may do to the process and its status admits, in the order shown."""
    return [
        action for action, fits in _FITTING.items() if fits(process) and may(user, action, process)
    ]


def may_pause(user: Any) -> bool:
    """Return whether ``user`` may pause and unpause the engine."""
    return bool(user.has_perm(PERMISSIONS["pause"]))


def require_pause(user: Any) -> None:
    """Raise NotAllowed unless ``user`` may pause and unpause the engine."""
    if not may_pause(user):
        raise NotAllowed(_("you may not pause the engine"))


def require_schedules(user: Any, what: str) -> None:
    """Raise NotAllowed unless ``user`` may ``see``, ``add``, ``change`` or ``delete`` schedules."""
    if not user.has_perm(PERMISSIONS[f"{what} schedules"]):
        raise NotAllowed(_(_SCHEDULE_REFUSALS[what]))


def _may_answer(user: Any, process: Process) -> bool:
    assignee = process.assignee
    if user.is_superuser or assignee in ("", Assignee.SYSTEM):
        return True
    if user.groups.filter(name=assignee).exists():
        return True
    return not Group.objects.filter(name=assignee).exists()


def _authorizer(process: Process, action: str, path: str | None = None) -> Authorizer | None:
    """Return the nearest authoriser: of the step for this action, else of the workflow.

    The step is that at the bookmark, unless ``path`` says which.
    """
    try:
        definition = registry.get(process.workflow.name)
    except UnknownWorkflow:
        return None
    step: Step | None
    try:
        step = definition.step(process.next_step if path is None else path)
    except UnknownStep:
        step = None
    of_step = step.authorize_resume if step else None
    if action == "resume" and process.status != ProcessStatus.WAITING:
        return of_step or definition.authorize
    # To let a waiting process go on is to try its step again.
    for_retry = step.authorize_retry if step else None
    return for_retry or of_step or definition.authorize_retry or definition.authorize


def _consents(authorizer: Authorizer | None, user: Any) -> bool:
    """Return what the authoriser says; one that raises has not consented, and is in the log."""
    try:
        with authors_code("an authoriser"):
            return authorizer is None or bool(authorizer(user))
    except WorkflowError:
        return False
