"""The whole of what a remote system printed, as text."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from workflows_app.console.pages import console_view
from workflows_app.console.terminal import Output
from workflows_app.console.timeline import state_after
from workflows_app.console.values import changed
from workflows_app.engine.loading import unlocked


@console_view
@require_GET
def output(request: HttpRequest, *, process_id: UUID, position: int) -> HttpResponse:
    """Return the output under ``?key=`` of the state after a step."""
    rows = list(
        unlocked(process_id).steps.order_by("position").only("position", "patch", "superseded")
    )
    key = request.GET.get("key", "")
    state = state_after(rows, position)
    if key not in state:
        raise Http404(f"no {key!r} in the state after step {position}")
    found = changed({}, {key: state[key]})[0].new.output
    if found is None:
        raise Http404(f"{key!r} is no output")
    return as_text(request, found, name=f"{process_id}-{position}")


def as_text(request: HttpRequest, found: Output, *, name: str) -> HttpResponse:
    """Return the output as a file, or with ``?inline=`` to be looked at in the browser."""
    response = HttpResponse(found.text, content_type="text/plain; charset=utf-8")
    if "inline" not in request.GET:
        response["Content-Disposition"] = f'attachment; filename="{name}.txt"'
    return response
