"""One process: its page, the part of it that is polled, and its form."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from workflows_app.console import answering, state_page
from workflows_app.console.late import Late
from workflows_app.console.pages import (
    console_view,
    fragment_view,
    page,
    sentence as message,
    unchanged,
)
from workflows_app.console.process_view import View, look_at
from workflows_app.console.related import Related
from workflows_app.errors import (
    AlreadyAnswered,
    UnknownStep,
    UnknownWorkflow,
    WorkflowError,
    WrongStatus,
)
from workflows_app.models import Process


@console_view
@require_GET
def process(request: HttpRequest, *, process_id: UUID) -> HttpResponse:
    """Show a process, or with ``?state=<position>`` its state after that step."""
    found = look_at(process_id)
    if "state" in request.GET:
        return state_page.show(request, found)
    return show(request, found, _form(request, found))


@fragment_view
@require_GET
def live(request: HttpRequest, *, process_id: UUID) -> HttpResponse:
    """Return the part of the page that changes by itself.

    ``?form=`` is the form on the page, ``?known=`` the position up to which it has the steps.
    """
    found = look_at(process_id)
    view = View(found, request.user, timezone.now(), _number(request.GET.get("known", "")))
    not_modified = unchanged(request, view.tag)
    if not_modified:
        return not_modified
    on_page = request.GET.get("form", "0")
    context: dict[str, Any] = {"view": view, "process": found, "form_on_page": on_page}
    open_row = view.open_row
    if on_page == "0" and open_row:
        context |= {"form": _form(request, found), "form_on_page": open_row.pk, "new_form": True}
    elif on_page != "0" and (open_row is None or str(open_row.pk) != on_page):
        context |= {"stale": next((r for r in view.rows if str(r.pk) == on_page), None)}
    response = render(request, "workflows/live.html", context)
    response["ETag"] = f'"{view.tag}"'
    return response


@console_view
def form(request: HttpRequest, *, process_id: UUID) -> HttpResponse:
    """Take a page of the form that a suspended process waits for."""
    found = look_at(process_id)
    if request.method != "POST":
        return redirect("workflows:process", process_id=process_id)
    try:
        shown = answering.attempt(lambda: answering.answer_step(request.user, found, request.POST))
    except (AlreadyAnswered, WrongStatus) as error:
        return show(request, look_at(process_id), None, late=Late.of(error, request.POST))
    if shown is not None:
        return answering.offers(request, shown) or show(request, found, shown)
    messages.success(request, _("Answered. The process goes on."))
    return redirect("workflows:process", process_id=process_id)


def show(
    request: HttpRequest,
    found: Process,
    shown: answering.Shown | None,
    *,
    late: Late | None = None,
) -> HttpResponse:
    """Render the whole page, with the form as far as it was filled in, or what came too late."""
    view = View(found, request.user, timezone.now())
    open_row = view.open_row
    context = {
        "title": str(found.workflow),
        "view": view,
        "related": Related(found, request.user),
        "process": found,
        "form": shown,
        "late": late,
        "form_on_page": (shown.row_id or (open_row.pk if open_row else 0)) if shown else 0,
    }
    status = 409 if late else 200
    return page(request, "workflows/process.html", context, status=status)


def _number(text: str) -> int:
    return int(text) if len(text) < 9 and text.isascii() and text.isdecimal() else 0


def _form(request: HttpRequest, found: Process) -> answering.Shown | None:
    """Return the form to show; what keeps it from being shown is said in its place."""
    try:
        return answering.step_form(request.user, found)
    except (UnknownStep, UnknownWorkflow) as error:
        return answering.Shown(trouble=message(error))
    except WorkflowError:
        return None  # It was answered between two of our reads.


__all__ = ["form", "live", "process", "show"]
