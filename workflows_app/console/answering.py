"""Forms on a page: the wizard over a suspended step or a workflow's start."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from workflows_app import engine, policy
from workflows_app.authors import authors_code
from workflows_app.console.pages import posted, sentence
from workflows_app.definition import WorkflowDefinition
from workflows_app.engine.starting import LONGEST_KEY, start_form
from workflows_app.errors import AlreadyAnswered, AuthorsMistake, FormError, WorkflowError
from workflows_app.json_values import JSONObject
from workflows_app.models import Process, ProcessStep
from workflows_app.statuses import ProcessStatus
from workflows_app.wizard import Finished, Page, Review, Wizard

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """A form on a page: one of its pages, or why there is none. Neither: it asks for nothing.

    Attributes:
        refusal: why it was not accepted, though every page was.
    """

    page: Page | Review | None = None
    trouble: str = ""
    row_id: int = 0
    submit_label: str = ""
    refusal: str = ""


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
    if not isinstance(answer, Finished):
        return Shown(answer, row_id=row_id, submit_label=label)
    engine.submit(process.pk, inputs=answer.inputs, by=user.get_username())
    return None


def opened_start(user: Any, definition: WorkflowDefinition, given: JSONObject) -> Shown:
    """Return the first page of a workflow's start form; ``given`` fills in what pages ask for."""
    opened = _start_wizard(user, definition), 0, _start_label(definition)
    return attempt(lambda: _opened(opened, given))


def answer_start(request: HttpRequest, definition: WorkflowDefinition) -> Shown | Process:
    """Take a page of the start form; the process once it is complete.

    Whatever refuses the start, the form is there again as it was sent.

    Raises:
        FormError: it does not go with the form.
    """
    post = request.POST
    wizard, label = _start_wizard(request.user, definition), _start_label(definition)
    answer = wizard.post(post) if "pages" in post else Finished([], {})
    if not isinstance(answer, Finished):
        return Shown(answer, submit_label=label)
    try:
        return _started(request, definition, answer.inputs)
    except (AuthorsMistake, FormError):
        raise
    except WorkflowError as error:
        again = wizard.again(post) if "pages" in post else None
        page = None if isinstance(again, Finished) else again
        return Shown(page, submit_label=label, refusal=sentence(error))


def _started(
    request: HttpRequest, definition: WorkflowDefinition, inputs: list[JSONObject]
) -> Process:
    return engine.start(
        definition.name,
        inputs=inputs,
        by=request.user.get_username(),
        key=posted(request, "key", longest=LONGEST_KEY) or None,
        traceparent=request.headers.get("traceparent", ""),
    )


def offers(request: HttpRequest, shown: Shown) -> HttpResponse | None:
    """Return what a picker found, alone, if that is all that the page asks for."""
    page = shown.page
    if not request.headers.get("HX-Request") or "search" not in request.POST:
        return None
    if not isinstance(page, Page) or page.offers is None:
        return HttpResponse(status=404)
    context = {"offers": page.offers, "name": request.POST["search"]}
    return render(request, "forms/offers.html", context)


def attempt(show: Callable[[], T]) -> T | Shown:
    """Return what ``show`` does, or ``Shown`` with the reason if the form cannot go on."""
    try:
        with authors_code(_("the form")):
            return show()
    except (FormError, AuthorsMistake) as error:
        return Shown(trouble=sentence(error))


def _opened(opened: tuple[Wizard, int, str], given: JSONObject | None = None) -> Shown:
    wizard, row_id, label = opened
    answer = wizard.open(given)
    page = None if isinstance(answer, Finished) else answer
    return Shown(page, row_id=row_id, submit_label=label)


def _step_wizard(user: Any, process: Process) -> tuple[Wizard, int, str]:
    form = engine.open_page(process.pk)
    key = f"step:{form.row_id}:{user.pk}"
    confirms = form.step.name.startswith("Confirm")
    label = _("Confirm and continue") if confirms else _("Submit and continue")
    wizard = Wizard(form.pages, form.context.state, key=key, blind=not may_look_up(user))
    return wizard, form.row_id, label


def may_look_up(user: Any) -> bool:
    """Return whether ``user`` may see the subscriptions and customers that forms offer."""
    return bool(user.has_perm("workflows_app.view_subscription"))


def _start_wizard(user: Any, definition: WorkflowDefinition) -> Wizard:
    process = Process(created_by=user.get_username())
    key = f"start:{definition.name}:{user.pk}"
    form = start_form(definition, process)
    return Wizard(form, {}, key=key, reviews=True, blind=not may_look_up(user))


def _start_label(definition: WorkflowDefinition) -> str:
    return _("Start %(workflow)s") % {"workflow": definition.title}


def _refuse_answered(process: Process, row_id: str) -> None:
    """Raise AlreadyAnswered if the form that the page showed is no longer open."""
    if not row_id.isdecimal():
        return
    row = ProcessStep.objects.filter(pk=int(row_id), process=process).first()
    if row and row.by and row.completed_at:
        raise AlreadyAnswered(row.by, row.completed_at.isoformat(timespec="seconds"))
