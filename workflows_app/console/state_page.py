"""The state after a step, alone or compared with that after another."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from workflows_app.console.differences import compared
from workflows_app.console.pages import page
from workflows_app.console.timeline import state_after
from workflows_app.localized import localized
from workflows_app.models import Process, ProcessStep

_COLUMNS = ("position", "patch", "superseded", "name", "attempt")


@dataclass(frozen=True, slots=True)
class Choice:
    """A recorded step whose state can be shown."""

    position: int
    label: str


def show(request: HttpRequest, process: Process) -> HttpResponse:
    """Show the state after the step at ``?state=``; with ``?against=`` only what differs."""
    rows = list(process.steps.order_by("position").only(*_COLUMNS))
    row = _row(rows, request.GET.get("state", ""))
    against = _row(rows, request.GET.get("against", ""))
    state = state_after(rows, row.position) if row else {}
    before = state_after(rows, against.position) if against else {}
    context = {
        "title": _("State after %(step)s") % {"step": localized(row.name)}
        if row
        else _("No such step"),
        "process": process,
        "row": row,
        "rows": [_choice(step) for step in rows],
        "against": against,
        "values": compared(before, state),
    }
    if request.headers.get("HX-Request"):
        return render(request, "workflows/state_values.html", context | {"fragment": True})
    return page(request, "workflows/state.html", context, status=200 if row else 404)


def _row(rows: Sequence[ProcessStep], position: str) -> ProcessStep | None:
    """Return the step at that position; None if there is none, or the text is no number."""
    return next((row for row in rows if str(row.position) == position), None)


def _choice(row: ProcessStep) -> Choice:
    label = f"{row.position + 1} · {localized(row.name)}"
    if row.attempt > 1:
        text = _("%(step)s, attempt %(number)s")
        label = text % {"step": label, "number": row.attempt}
    return Choice(row.position, label)
