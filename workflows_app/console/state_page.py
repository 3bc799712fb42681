"""The state after a step, alone or compared with that after another."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from workflows_app.console.pages import page
from workflows_app.console.timeline import state_after
from workflows_app.console.values import changed
from workflows_app.models import Process, ProcessStep

_COLUMNS = ("position", "patch", "superseded", "name", "attempt")


def show(request: HttpRequest, process: Process) -> HttpResponse:
    """Show the state after the step at ``?state=``."""
    rows = list(process.steps.order_by("position").only(*_COLUMNS))
    row = _row(rows, request.GET.get("state", ""))
    state = state_after(rows, row.position) if row else {}
    context = {
        "title": _("State after %(step)s") % {"step": row.name} if row else _("No such step"),
        "process": process,
        "row": row,
        "values": changed({}, dict(sorted(state.items()))),
    }
    if request.headers.get("HX-Request"):
        return render(request, "workflows/state_values.html", context)
    return page(request, "workflows/state.html", context, status=200 if row else 404)


def _row(rows: list[ProcessStep], position: str) -> ProcessStep | None:
    """Return the step at that position; None if there is none, or the text is no number."""
    return next((row for row in rows if str(row.position) == position), None)
