"""Start a process: the workflows there are, and the form of one."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from workflows_app import policy, registry
from workflows_app.console import choosing
from workflows_app.console.answering import Shown, answer_start, attempt, offers, opened_start
from workflows_app.console.catalogue import catalogue
from workflows_app.console.foreseen import foreseen
from workflows_app.console.pages import console_view, page, posted, sentence
from workflows_app.definition import WorkflowDefinition
from workflows_app.errors import StartRefused, UnknownWorkflow
from workflows_app.models import Process

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
    """Show the workflow's start form page by page; start it when it is complete.

    ``?product=`` and ``?subscription_id=`` fill in the first page, ``?from=<process>`` all pages.
    """
    try:
        definition = registry.get(workflow_name)
    except UnknownWorkflow as error:
        raise Http404(sentence(error)) from error
    policy.require_start(request.user, definition)
    if request.method != "POST":
        return _opened(request, definition)
    answer = attempt(lambda: answer_start(request, definition))
    if not isinstance(answer, Shown):
        return redirect(answer)
    return offers(request, answer) or _show(request, definition, answer)


def _opened(request: HttpRequest, definition: WorkflowDefinition) -> HttpResponse:
    chosen = choosing.chosen(request.GET)
    given, earlier = choosing.inputs_of(definition, request.GET.get("from", ""))
    try:
        form = opened_start(request.user, definition, given | chosen)
    except StartRefused as error:
        form = Shown(trouble=sentence(error))
    advice = choosing.why_not(definition, chosen) or foreseen(definition)
    return _show(request, definition, form, advice=advice, earlier=earlier)


def _show(
    request: HttpRequest,
    definition: WorkflowDefinition,
    form: Shown,
    *,
    advice: str = "",
    earlier: Process | None = None,
) -> HttpResponse:
    context = {
        "title": definition.title,
        "definition": definition,
        "form": form,
        "advice": advice,
        "earlier": earlier,
        # What was refused started nothing, so sending it again is another request.
        "key": ("" if form.refusal else posted(request, "key")) or uuid.uuid4(),
    }
    status = 409 if form.refusal else 200
    return page(request, "workflows/start.html", context, status=status)
