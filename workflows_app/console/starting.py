"""Start a process: the workflows there are, and the form of one."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from workflows_app import policy, registry
from workflows_app.console import choosing
from workflows_app.console.answering import Shown, answer_start, attempt, opened_start
from workflows_app.console.pages import console_view, page, sentence
from workflows_app.definition import WorkflowDefinition
from workflows_app.errors import StartRefused, UnknownWorkflow
from workflows_app.models import Workflow
from workflows_app.statuses import Target

_HEADINGS = {
    Target.CREATE: "Create",
    Target.MODIFY: "Modify",
    Target.TERMINATE: "Terminate",
    Target.VALIDATE: "Validate",
    Target.RECONCILE: "Reconcile",
    Target.SYSTEM: "System",
}


@dataclass(frozen=True, slots=True)
class Startable:
    """A workflow in the list, and why it cannot be started, if so."""

    workflow: Workflow
    why_not: str


@console_view
@require_GET
def startable(request: HttpRequest) -> HttpResponse:
    """List the workflows, by what they do to a subscription."""
    rows = Workflow.objects.order_by("target", "description", "name")
    listed = [Startable(row, _why_not(request.user, row)) for row in rows]
    order = list(_HEADINGS)
    listed.sort(key=lambda item: order.index(Target(item.workflow.target)))
    by_target = [
        (_HEADINGS[Target(target)], list(members))
        for target, members in groupby(listed, lambda item: item.workflow.target)
    ]
    context = {"title": "Start a process", "targets": by_target, "unregistered": _missing(listed)}
    return page(request, "workflows/startable.html", context)


@console_view
def start(request: HttpRequest, *, workflow_name: str) -> HttpResponse:
    """Show the workflow's start form page by page; start it when it is complete."""
    try:
        definition = registry.get(workflow_name)
    except UnknownWorkflow as error:
        raise Http404(sentence(error)) from error
    policy.require_start(request.user, definition)
    if request.method != "POST":
        given = choosing.chosen(request.GET)
        form = opened_start(request.user, definition, given)
        return _show(request, definition, form, advice=choosing.why_not(definition, given))
    try:
        answer = attempt(lambda: answer_start(request, definition))
    except StartRefused as error:
        return _show(request, definition, None, refusal=sentence(error))
    if isinstance(answer, Shown):
        return _show(request, definition, answer)
    messages.success(request, "Started.")
    return redirect(answer)


def _show(
    request: HttpRequest,
    definition: WorkflowDefinition,
    form: Shown | None,
    *,
    refusal: str = "",
    advice: str = "",
) -> HttpResponse:
    """Render the form; after a refusal, what was sent, so that it can be sent again."""
    context = {
        "title": definition.description or definition.name,
        "definition": definition,
        "form": form,
        "refusal": refusal,
        "advice": advice,
        "sent": list(_sent(request)) if refusal else [],
        "key": request.POST.get("key") or uuid.uuid4(),
    }
    return page(request, "workflows/start.html", context, status=409 if refusal else 200)


def _sent(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.POST.lists():
        if name not in ("csrfmiddlewaretoken", "key"):
            yield from ((name, str(value)) for value in values)


def _why_not(user: Any, row: Workflow) -> str:
    try:
        definition = registry.get(row.name)
    except UnknownWorkflow as error:
        return sentence(error) if row.in_code else "Its code is gone."
    return "" if policy.may_start(user, definition) else "You may not start it."


def _missing(listed: list[Startable]) -> list[str]:
    """Return the workflows in code that have no row yet."""
    return sorted(set(registry.names()) - {item.workflow.name for item in listed})
