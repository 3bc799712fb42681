"""Run a process in the test's thread, and look at what it led to."""

import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from workflows_app import engine, forms, queue, registration, registry
from workflows_app.definition import WorkflowDefinition
from workflows_app.engine.starting import start_form
from workflows_app.errors import FormNotComplete, FormRejected
from workflows_app.json_values import JSONObject
from workflows_app.models import Process, ProcessStep, Workflow
from workflows_app.models.process import fold
from workflows_app.statuses import PARKED, ProcessStatus
from workflows_app.testing.timeline import timeline

MOST_CLAIMS = 1000  # Of one ``go_on``: a workflow that needs more never comes to rest.
TESTER = "tester"


class Run:
    """A process under test, as it stood when it last came to rest.

    Attributes:
        process: its row.
        steps: the rows of what it executed, in order; those undone by a retry are marked.
        state: what the next step would see.
    """

    process: Process
    steps: Sequence[ProcessStep]
    state: dict[str, Any]

    def __init__(self, process_id: UUID) -> None:
        self._id = process_id
        self.told = False  # Whether a failed assertion has shown the timeline already.
        self.refresh()
        recent.append(self)

    def __repr__(self) -> str:
        where = f" at '{self.waiting_for}'" if self.waiting_for else ""
        return f"<Run of {self.process.workflow.name}: {self.status}{where}>"

    @property
    def status(self) -> ProcessStatus:
        """The process's status."""
        return ProcessStatus(self.process.status)

    @property
    def failed_reason(self) -> str:
        """Why it failed or waits to try again; "" if it does neither."""
        return self.process.failed_reason

    @property
    def waiting_for(self) -> str:
        """The path of the step at which it waits for a form, an answer or a time; else ""."""
        return self.process.next_step if self.status in PARKED else ""

    @property
    def timeline(self) -> str:
        """Everything that happened, for people."""
        return timeline(self.process, self.steps, self.state)

    def refresh(self) -> "Run":
        """Look at the process again."""
        self.process = Process.objects.select_related("workflow").get(pk=self._id)
        self.steps = list(self.process.steps.order_by("position"))
        self.state = fold(step.patch for step in self.steps if not step.superseded)
        return self

    def go_on(self) -> "Run":
        """Run all that is due, this process and those that it woke, and look again.

        For what the other functions do not do: call a verb of ``workflows_app.engine``, then this.
        """
        for _ in range(MOST_CLAIMS):
            claims = queue.claim(1, worker="test")
            if not claims:
                return self.refresh()
            engine.advance(claims[0])
        raise self.refresh().error(f"it does not come to rest: {MOST_CLAIMS} claims were made")

    def error(self, sentence: str) -> AssertionError:
        """Return the error that says ``sentence`` and shows the timeline."""
        self.told = True
        return AssertionError(f"{sentence}\n\n{self.timeline}")


recent: deque[Run] = deque(maxlen=20)  # The runs of the test; the plugin shows them if it fails.


@dataclass(frozen=True, slots=True)
class FormRun:
    """Where walking a form led to: a page that is needed or was refused, or its result.

    Attributes:
        page: the model of that page; None if the form is complete.
        errors: what was refused, by field: ``{"vlan": "Input should be …"}``.
        state: what a complete form puts into the state.
    """

    page: type[BaseModel] | None
    errors: dict[str, str]
    state: dict[str, Any] | None

    @property
    def is_complete(self) -> bool:
        """Whether no further page is needed."""
        return self.state is not None


def run_workflow(
    workflow: WorkflowDefinition | str, *pages: JSONObject, by: str = TESTER, **start: Any
) -> Run:
    """Start a workflow with its form filled in, and run it until it parks or ends.

    It is registered in the database if it is not yet, as ``sync_workflows`` would.

    Args:
        pages: one mapping for each page of the start form.
        by: the name of who starts it; steps see it as ``reporter``.
        start: ``key`` and ``traceparent``, as of ``engine.start``.

    Raises:
        FormNotComplete, FormRejected, TooManyPages: the pages do not fill the form.
        StartRefused, UnknownWorkflow: it cannot be started.
    """
    name = _register(workflow)
    with _explained():
        process = engine.start(name, inputs=pages, by=by, **start)
    return Run(process.pk).go_on()


def run_form(form: Run | WorkflowDefinition | str, *pages: JSONObject, by: str = TESTER) -> FormRun:
    """Walk a workflow's start form, or the form that a run waits for, and change nothing.

    Raises:
        TooManyPages, MalformedInputs: the pages are not what any form takes.
        AssertionError: the run waits for no form.
    """
    if isinstance(form, Run):
        if form.refresh().status != ProcessStatus.SUSPENDED:
            raise form.error(f"run_form: it waits for no form; it is {form.status}")
        opened = engine.open_page(form.process.pk)
        return _form_run(forms.walk(opened.pages, opened.context.state, list(pages)))
    definition = registry.get(_name(form))
    start = start_form(definition, Process(pk=uuid.uuid4(), created_by=by))
    return _form_run(forms.walk(start, {}, list(pages)))


def resume(run: Run, *pages: JSONObject, by: str = TESTER) -> Run:
    """Let a parked process go on: answer its form, or end its timer or its wait for a retry now.

    Args:
        pages: one mapping for each page of the form; without any, its button is pressed.

    Raises:
        FormNotComplete, FormRejected, TooManyPages: the pages do not fill the form.
        AssertionError: it waits for neither.
    """
    run.refresh()
    if run.status == ProcessStatus.SUSPENDED:
        with _explained():
            engine.submit(run.process.pk, inputs=pages or ({},), by=by)
    elif run.status == ProcessStatus.WAITING and not pages:
        engine.resume(run.process.pk, by=by)
    else:
        raise run.error(f"resume: {_REASONS.get(run.status, f'the process is {run.status}')}")
    return run.go_on()


_REASONS = {
    ProcessStatus.AWAITING_CALLBACK: "it awaits a callback; complete_callback answers that",
    ProcessStatus.FAILED: "it has failed; retry(run) tries again",
    ProcessStatus.API_UNAVAILABLE: "it has failed; retry(run) tries again",
    ProcessStatus.INCONSISTENT_DATA: "it has failed; retry(run) tries again",
    ProcessStatus.WAITING: "it waits for a time, and takes no pages",
}


def retry(run: Run, *, by: str = TESTER, from_step: str | None = None) -> Run:
    """Run the failed step again, or its group, as an operator would.

    Raises:
        WrongStatus: the process has not failed.
        UnknownStep: there is no step ``from_step``.
    """
    engine.retry(run.process.pk, by=by, from_step=from_step)
    return run.go_on()


def _register(workflow: WorkflowDefinition | str) -> str:
    """Make sure that the workflow has its row, and return its name."""
    definition = registry.get(_name(workflow))
    Workflow.objects.get_or_create(name=definition.name, defaults=registration.columns(definition))
    return definition.name


def _name(workflow: WorkflowDefinition | str) -> str:
    return workflow if isinstance(workflow, str) else workflow.name


def _form_run(outcome: forms.Outcome) -> FormRun:
    if isinstance(outcome, forms.Complete):
        return FormRun(None, {}, outcome.state)
    errors = forms.form_errors(outcome.error) if isinstance(outcome, forms.Rejected) else []
    said = {".".join(map(str, error.loc)): error.msg for error in errors}
    return FormRun(outcome.model, said, None)


@contextmanager
def _explained() -> Iterator[None]:
    """Say which page was refused, and why, or which one is missing."""
    try:
        yield
    except (FormNotComplete, FormRejected) as error:
        found = _form_run(error.page)
        page = f"page {error.page.index + 1} of the form, {error.page.model.__name__}"
        for field, why in found.errors.items():
            error.add_note(f"{page}: {field}: {why}")
        if not found.errors:
            asked = ", ".join(error.page.model.model_fields)
            error.add_note(f"needed is {page}, with: {asked or 'no fields'}")
        raise
