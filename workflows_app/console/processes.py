"""The list of processes, and the part of it that is polled."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from workflows_app.console.filters import Filters
from workflows_app.console.listing import Listing, listing
from workflows_app.console.pages import console_view, fragment_view, page, unchanged
from workflows_app.models import Process, Workflow
from workflows_app.statuses import ProcessStatus


@console_view
@require_GET
def processes(request: HttpRequest) -> HttpResponse:
    """Show the processes that fit the address's filters."""
    filters = Filters.of(request.GET)
    context = {
        "title": "Processes",
        "workflows": Workflow.objects.order_by("name").values_list("name", "description"),
        "assignees": _assignees(),
        **_table(filters, listing(filters, request.user)),
    }
    return page(request, "workflows/processes.html", context)


@fragment_view
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """Return the table alone; 304 if the browser has it."""
    filters = Filters.of(request.GET)
    found = listing(filters, request.user)
    not_modified = unchanged(request, found.tag)
    if not_modified:
        return not_modified
    response = render(request, "workflows/rows.html", _table(filters, found))
    response["ETag"] = f'"{found.tag}"'
    return response


def _table(filters: Filters, found: Listing) -> dict[str, Any]:
    return {
        "filters": filters,
        "listing": found,
        "lines": found.lines(),
        "query": filters.address(page=filters.page),
        "next": filters.address(page=filters.page + 1) if found.more else "",
        "previous": filters.address(page=filters.page - 1) if filters.page > 1 else "",
    }


def _assignees() -> list[str]:
    """Return who somebody waits for now."""
    rows = Process.objects.filter(status=ProcessStatus.SUSPENDED).exclude(assignee="")
    return list(rows.order_by("assignee").values_list("assignee", flat=True).distinct())
