"""Forms on a page: the wizard over a suspended step or a workflow's start."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest, QueryDict

from workflows_app import engine, policy
from workflows_app.authors import authors_code
from workflows_app.console.pages import sentence
from workflows_app.definition import WorkflowDefinition
from workflows_app.engine.starting import start_form
from workflows_app.errors import AlreadyAnswered, AuthorsMistake, FormError
from workflows_app.models import Process, ProcessStep
from workflows_app.statuses import ProcessStatus
from workflows_app.wizard import Finished, Page, Wizard

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """A form on a page: one of its pages, or why there is none. Neither: it asks for nothing."""

    page: Page | None = None
    trouble: str = ""
    row_id: int = 0
    submit_label: str = "Submit"


def step_form(user: Any, process: Process) -> Shown | None:
    """Return the form that the process waits for, if ``user`` may answer it."""
    if process.status != ProcessStatus.SUSPENDED or not policy.may(user, "resume", process):
        return None
    return attempt(lambda: _opened(_step_wizard(user, process)))


def answer_step(user: Any, process: Process, post: QueryDict) -> Shown | None:
    """Take a page of the form; None once the whole form has been submitted.

    Raises:
        AlreadyAnswered: somebody else has answered it.
        NotAllowed, WorkflowError: it is refused.
    """
    _refuse_answered(process, post.get("form", ""))
    policy.require(user, "resume", process)
    wizard, row_id, label = _step_wizard(user, process)
    answer = wizard.post(post) if "pages" in post else Finished([], {})
    if isinstance(answer, Page):
        return Shown(answer, row_id=row_id, submit_label=label)
    engine.submit(process.pk, inputs=answer.inputs, by=user.get_username())
    return None


def opened_start(user: Any, definition: WorkflowDefinition, given: dict[str, str]) -> Shown:
    """Return the first page of a workflow's start form, with ``given`` filled in."""
    return attempt(lambda: _opened((_start_wizard(user, definition), 0, "Start"), given))


def answer_start(request: HttpRequest, definition: WorkflowDefinition) -> Shown | Process:
    """Take a page of the start form; the process once it is complete.

    Raises:
        StartRefused, NotAllowed, WorkflowError: it is not started.
    """
    post = request.POST
    wizard = _start_wizard(request.user, definition)
    answer = wizard.post(post) if "pages" in post else Finished([], {})
    if isinstance(answer, Page):
        return Shown(answer, submit_label="Start")
    return engine.start(
        definition.name,
        inputs=answer.inputs,
        by=request.user.get_username(),
        key=post.get("key", "").replace("\0", "")[:255] or None,
        traceparent=request.headers.get("traceparent", ""),
    )


def attempt(show: Callable[[], T]) -> T | Shown:
    """Return what ``show`` does, or ``Shown`` with the reason if the form cannot go on."""
    try:
        with authors_code("the form"):
            return show()
    except (FormError, AuthorsMistake) as error:
        return Shown(trouble=sentence(error))


def _opened(opened: tuple[Wizard, int, str], given: dict[str, str] | None = None) -> Shown:
    wizard, row_id, label = opened
    answer = wizard.open(given)
    page = answer if isinstance(answer, Page) else None
    return Shown(page, row_id=row_id, submit_label=label)


def _step_wizard(user: Any, process: Process) -> tuple[Wizard, int, str]:
    form = engine.open_page(process.pk)
    key = f"step:{form.row_id}:{user.pk}"
    label = "Confirm and continue" if form.step.name.startswith("Confirm") else "Submit"
    return Wizard(form.pages, form.context.state, key=key), form.row_id, label


def _start_wizard(user: Any, definition: WorkflowDefinition) -> Wizard:
    process = Process(created_by=user.get_username())
    return Wizard(start_form(definition, process), {}, key=f"start:{definition.name}:{user.pk}")


def _refuse_answered(process: Process, row_id: str) -> None:
    """Raise AlreadyAnswered if the form that the page showed is no longer open."""
    if not row_id.isdecimal():
        return
    row = ProcessStep.objects.filter(pk=int(row_id), process=process).first()
    if row and row.by and row.completed_at:
        raise AlreadyAnswered(row.by, row.completed_at.isoformat(timespec="seconds"))
