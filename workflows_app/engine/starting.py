"""Start a process."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from workflows_app import forms, queue, registry
from workflows_app.authors import authors_code
from workflows_app.definition import WorkflowDefinition
from workflows_app.dsl.decorators import open_form
from workflows_app.dsl.steps import Context
from workflows_app.errors import (
    FormNotComplete,
    FormRejected,
    KeyReused,
    MalformedKey,
    StartRefused,
    UnknownWorkflow,
)
from workflows_app.injection import Injection
from workflows_app.json_values import JSONObject, to_json
from workflows_app.models import Process, ProcessEvent, ProcessStep, Schedule, Workflow
from workflows_app.statuses import FINAL, StepStatus

LONGEST_KEY = 255  # As the column is.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class PredicateContext:
    """What a workflow's ``run_predicate`` may look at, while no other start of it can happen."""

    workflow_name: str
    inputs: JSONObject

    def unfinished(self) -> int:
        """Count the processes of this workflow that have not ended."""
        running = Process.objects.filter(workflow__name=self.workflow_name)
        return running.exclude(status__in=FINAL).count()


def start(
    name: str,
    *,
    inputs: Sequence[JSONObject] = (),
    by: str,
    key: str | None = None,
    traceparent: str = "",
    schedule: Schedule | None = None,
    reason: str = "",
) -> Process:
    """Start a workflow with its form filled in, and return the process.

    Args:
        inputs: one mapping for each page of the start form.
        key: the caller's ``Idempotency-Key``; the same key and request give the same process.
        traceparent: the caller's place in a trace, for the steps; dropped unless it is a valid
            one of version 00, as a trace is never a reason to refuse.
        schedule: whose workflow and inputs these are, if somebody starts it before its time.

    Raises:
        UnknownWorkflow: no such workflow in the code, or it is not registered.
        FormNotComplete, FormRejected, TooManyPages: the inputs do not fill the form.
        StartRefused: the workflow's predicate says no.
        KeyReused: the key came with another request before.
        MalformedKey: the key cannot be stored.
    Source: W3C Trace Context §3.2 (traceparent).
    """
    definition = registry.get(name)
    if key and (len(key) > LONGEST_KEY or not key.isprintable()):
        raise MalformedKey(f"an Idempotency-Key has 1 to {LONGEST_KEY} printable characters")
    digest = _digest(name, inputs) if key else ""
    if key and (earlier := _started_before(by, key, digest)):
        return earlier
    process = Process(pk=uuid.uuid4(), created_by=by, start_key=key, start_digest=digest)
    process.schedule = schedule
    process.traceparent = traceparent if _TRACEPARENT.fullmatch(traceparent) else ""
    patch = fill_start_form(definition, inputs, process=process)
    try:
        return create(process, definition, patch, reason=reason)
    except IntegrityError:
        if key and (earlier := _started_before(by, key, digest)):
            return earlier
        raise


def fill_start_form(
    definition: WorkflowDefinition,
    inputs: Sequence[JSONObject],
    *,
    process: Process,
    see: Callable[[Any], None] | None = None,
) -> JSONObject:
    """Return what the start form makes of ``inputs``; ``see`` is shown every filled page."""
    if definition.initial_input_form is None:
        inputs = [page for page in inputs if page]  # Callers may send one empty page.
    with authors_code(_("the form of %(workflow)s") % {"workflow": definition.name}):
        form = start_form(definition, process)
        outcome = forms.walk(forms.watched(form, see) if see else form, {}, list(inputs))
    if isinstance(outcome, forms.NextPage):
        raise FormNotComplete(outcome)
    if isinstance(outcome, forms.Rejected):
        raise FormRejected(outcome)
    return dict(to_json(outcome.state, what="the form's result"))


def start_form(definition: WorkflowDefinition, process: Process) -> Any:
    """Return the start form as a function of the state, ready to walk."""
    form = definition.initial_input_form
    if form is None:
        return lambda _state: {}
    if isinstance(form, type):
        return form
    injection = Injection(form, name=f"{definition.name} (start form)")

    def pages(state: JSONObject) -> Any:
        context = Context(
            process_id=process.pk,
            workflow_name=definition.name,
            reporter=process.created_by,
            path="",
            state=state,
            traceparent=process.traceparent,
            now=timezone.now(),
        )
        return open_form(injection, context)

    return pages


@transaction.atomic
def create(
    process: Process,
    definition: WorkflowDefinition,
    patch: JSONObject,
    *,
    reason: str = "",
    details: JSONObject | None = None,
) -> Process:
    """Save a process whose start form is filled in, and queue it.

    Args:
        patch: what the form made of its inputs.
        reason, details: what the action log shall say of the start.

    Raises:
        UnknownWorkflow: the workflow is not registered.
        StartRefused: its predicate says no.
    """
    workflow = _registered(definition)
    _consult(definition, patch)
    first = definition.steps[0]
    now = timezone.now()
    process.workflow, process.is_task = workflow, workflow.is_task
    process.definition = definition.snapshot()
    process.next_step = definition.after(first.path)
    process.created_at = process.modified_at = process.due_at = now
    process.save(force_insert=True)
    ProcessStep.objects.create(
        process=process,
        position=0,
        path=first.path,
        name=first.name,
        kind=first.kind,
        status=StepStatus.SUCCESS,
        patch=patch,
        by=process.created_by,
        started_at=now,
        completed_at=now,
    )
    ProcessEvent.objects.create(
        process=process,
        schedule=process.schedule,
        actor=process.created_by,
        action="started",
        at=now,
        reason=reason,
        details=details or {},
    )
    queue.wake()
    return process


def _registered(definition: WorkflowDefinition) -> Workflow:
    """Return the workflow's row; locked if a predicate must see no other start meanwhile."""
    rows = Workflow.objects.filter(name=definition.name)
    if definition.run_predicate:
        rows = rows.select_for_update(no_key=True)
    workflow = rows.first()
    if workflow is None:
        raise UnknownWorkflow(
            definition.name,
            _("it is in the code but not registered; run manage.py sync_workflows"),
        )
    return workflow


def _consult(definition: WorkflowDefinition, patch: JSONObject) -> None:
    if definition.run_predicate is None:
        return
    with authors_code(_("the predicate of %(workflow)s") % {"workflow": definition.name}):
        answer = definition.run_predicate(PredicateContext(definition.name, patch))
    if answer is False or (isinstance(answer, str) and answer):
        text = _("%(workflow)s cannot be started now")
        raise StartRefused(answer or text % {"workflow": definition.name})


def _started_before(by: str, key: str, digest: str) -> Process | None:
    earlier = Process.objects.filter(created_by=by, start_key=key).first()
    if earlier and earlier.start_digest != digest:
        raise KeyReused(_("this Idempotency-Key was used for another request"))
    return earlier


def _digest(name: str, inputs: Sequence[JSONObject]) -> str:
    text = json.dumps([name, list(inputs)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
