"""The whole of what a remote system printed, as text."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from workflows_app.console.pages import console_view
from workflows_app.console.terminal import Output
from workflows_app.console.timeline import state_after
from workflows_app.console.values import changed, shown
from workflows_app.engine.loading import unlocked
from workflows_app.json_values import JSONObject
from workflows_app.models import ProcessStep

_HIGHEST = 2**31 - 1  # Position that a database can be asked for.


@console_view
@require_GET
def output(request: HttpRequest, *, process_id: UUID, position: int) -> HttpResponse:
    """Return the output under ``?key=`` of the state after a step; without it, of its failure."""
    steps = unlocked(process_id).steps.order_by("position")
    if "key" in request.GET:
        rows = list(steps.only("position", "patch", "superseded"))
        found = _in_state(state_after(rows, position), request.GET["key"])
    else:
        found = _in_failure(steps.filter(position=min(position, _HIGHEST)).first())
    if found is None:
        raise Http404("there is no output")
    return as_text(request, found, name=f"{process_id}-{position}")


def _in_state(state: JSONObject, key: str) -> Output | None:
    return changed({}, {key: state[key]})[0].new.output if key in state else None


def _in_failure(row: ProcessStep | None) -> Output | None:
    return shown(row.details).output if row and row.details is not None else None


def as_text(request: HttpRequest, found: Output, *, name: str) -> HttpResponse:
    """Return the output as a file, or with ``?inline=`` to be looked at in the browser."""
    response = HttpResponse(found.text, content_type="text/plain; charset=utf-8")
    if "inline" not in request.GET:
        response["Content-Disposition"] = f'attachment; filename="{name}.txt"'
    return response
