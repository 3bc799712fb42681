"""Start a process: the workflows there are, and the form of one."""

import uuid
from collections.abc import Iterator

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from workflows_app import policy, registry
from workflows_app.console import choosing
from workflows_app.console.answering import Shown, answer_start, attempt, opened_start
from workflows_app.console.catalogue import catalogue
from workflows_app.console.pages import console_view, page, sentence
from workflows_app.definition import WorkflowDefinition
from workflows_app.errors import StartRefused, UnknownWorkflow

LONGEST_QUERY = 100


@console_view
@require_GET
def startable(request: HttpRequest) -> HttpResponse:
    """List the workflows by what they do to which product; with ``?q=`` those that match."""
    q = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY]
    context = {"title": _("Start a process"), "catalogue": catalogue(request.user, q)}
    if request.headers.get("HX-Request"):
        response = render(request, "workflows/startable_list.html", context)
    else:
        response = page(request, "workflows/startable.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


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
