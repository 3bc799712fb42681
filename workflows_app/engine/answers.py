"""Hand a parked process its answer: an operator's form, or a remote system's callback."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from workflows_app import forms, queue
from workflows_app.authors import authors_code
from workflows_app.dsl.steps import Context, Step
from workflows_app.engine.announcing import announce
from workflows_app.engine.loading import Loaded, load, locked, unlocked
from workflows_app.errors import AlreadyAnswered, FormNotComplete, FormRejected, WrongStatus
from workflows_app.json_values import JSON, JSONObject, changes, to_json
from workflows_app.models import Process, ProcessEvent, ProcessStep
from workflows_app.outcomes import Success
from workflows_app.statuses import ProcessStatus, StepStatus

REJECTED = "Rejected"  # The class of the error of a step whose form was answered with no.


@dataclass(frozen=True, slots=True)
class OpenForm:
    """The form that a suspended process waits for."""

    loaded: Loaded
    step: Step
    context: Context
    row_id: int

    def pages(self, state: JSONObject) -> Any:
        """Open the author's form on ``state``; to be walked."""
        return self.step.form(replace(self.context, state=state)) if self.step.form else None

    def patch(self, result: JSONObject) -> JSONObject:
        """Return what the form's ``result`` changes in the process's state."""
        changed = changes(self.context.state, to_json(result, what="the form's result"))
        outcome = self.step.widen(self.loaded.state, Success(changed))
        return outcome.patch if isinstance(outcome, Success) else {}


def open_page(process_id: UUID) -> OpenForm:
    """Return the form that the process waits for.

    Raises:
        UnknownProcess, UnknownWorkflow, UnknownStep: it cannot be found.
        WrongStatus: the process is not suspended.
        AlreadyAnswered: it was, and somebody has answered.
    """
    process = unlocked(process_id)
    loaded = load(process)
    if process.status != ProcessStatus.SUSPENDED or loaded.open_row is None:
        _refuse(process)
    step = loaded.definition.step(process.next_step)
    context = step.focus(loaded.context(step, now=timezone.now()))
    return OpenForm(loaded, step, context, loaded.open_row.pk)


def submit(process_id: UUID, *, inputs: Sequence[JSONObject], by: str) -> Process:
    """Answer the form of a suspended process and make it runnable.

    The form is validated before the row is locked; after the lock we look again.

    Raises:
        FormNotComplete, FormRejected, TooManyPages: the inputs do not fill the form.
        WrongStatus, AlreadyAnswered, and what ``open_page`` raises.
    """
    form = open_page(process_id)
    with authors_code(_("the form of %(step)s") % {"step": form.step.name}):
        outcome = forms.walk(form.pages, form.context.state, list(inputs))
    if isinstance(outcome, forms.NextPage):
        raise FormNotComplete(outcome)
    if isinstance(outcome, forms.Rejected):
        raise FormRejected(outcome)
    patch = form.patch(outcome.state)
    next_step = form.loaded.definition.after(form.step.path)
    with transaction.atomic():
        process = locked(process_id)
        row = ProcessStep.objects.filter(pk=form.row_id, status=StepStatus.SUSPENDED).first()
        if process.status != ProcessStatus.SUSPENDED or row is None:
            _refuse(process)
        _answer(process, form.row_id, patch, next_step=next_step, by=by)
    return process


def _answer(process: Process, row_id: int, patch: JSONObject, *, next_step: str, by: str) -> None:
    now = timezone.now()
    ProcessStep.objects.filter(pk=row_id).update(
        status=StepStatus.SUCCESS, patch=patch, by=by, completed_at=now
    )
    changed = process.move_to(ProcessStatus.RESUMED, at=now, due_at=now)
    process.next_step, process.assignee = next_step, ""
    process.save(update_fields=[*changed, "next_step", "assignee"])
    ProcessEvent.objects.create(process=process, actor=by, action="resumed", at=now)
    queue.wake()


def reject(process_id: UUID, *, by: str, reason: str) -> Process:
    """Answer the form of a suspended process with no: its step fails, for the reason given.

    A retry opens the form again, or runs the group again that the step is retried with.

    Raises:
        UnknownProcess: there is none.
        WrongStatus, AlreadyAnswered: it waits for no form.
    """
    with transaction.atomic():
        process = locked(process_id)
        row = process.steps.filter(status=StepStatus.SUSPENDED, superseded=False).last()
        if process.status != ProcessStatus.SUSPENDED or row is None:
            _refuse(process)
        now = timezone.now()
        why = f"rejected by {by}: {reason}"
        ProcessStep.objects.filter(pk=row.pk).update(
            status=StepStatus.FAILED, error_class=REJECTED, reason=why, by=by, completed_at=now
        )
        changed = process.move_to(ProcessStatus.FAILED, at=now)
        process.failed_reason, process.assignee = why, ""
        process.save(update_fields=[*changed, "assignee"])
        details = {"step": row.path}
        ProcessEvent.objects.create(
            process=process, actor=by, action="rejected", at=now, reason=reason, details=details
        )
        announce(process, position=row.position, step=row.name, by=by)
    return process


def deliver(process: Process, *, path: str) -> bool:
    """Make a process runnable that awaits the callback of the step ``path``.

    The caller holds the process's lock and has stored the answer. False if the process has not
    parked there yet, or no longer does: the waiting step will find the answer when it runs.
    """
    if process.status != ProcessStatus.AWAITING_CALLBACK or process.next_step != path:
        return False
    now = timezone.now()
    process.save(update_fields=process.move_to(ProcessStatus.RESUMED, at=now, due_at=now))
    queue.wake()
    return True


def report_progress(process_id: UUID, *, path: str, progress: JSON) -> None:
    """Show what the remote system last said of the open step ``path``."""
    ProcessStep.objects.filter(
        process_id=process_id,
        path=path,
        status=StepStatus.AWAITING_CALLBACK,
        completed_at__isnull=True,
    ).update(progress=progress)


def _refuse(process: Process) -> NoReturn:
    """Raise the reason why the process takes no form now."""
    answered = (
        process.steps.filter(kind="input", status=StepStatus.SUCCESS, superseded=False)
        .order_by("-position")
        .values_list("by", "completed_at")
        .first()
    )
    if answered and answered[0] and answered[1]:
        raise AlreadyAnswered(answered[0], answered[1].isoformat(timespec="seconds"))
    raise WrongStatus(process.pk, actual=process.status, wanted=_("it waits for no form"))
