"""The list of processes, and the part of it that is polled."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from workflows_app import bulk
from workflows_app.console import columns, saved
from workflows_app.console.filters import Filters
from workflows_app.console.listing import Listing, listing
from workflows_app.console.pages import console_view, fragment_view, page, unchanged
from workflows_app.models import Process, Product, Workflow
from workflows_app.search import hidden_keys, sees_subscriptions
from workflows_app.statuses import ProcessStatus, Target


@console_view
@require_GET
def processes(request: HttpRequest) -> HttpResponse:
    """Show the processes that fit the address's filters."""
    filters = Filters.of(request.GET)
    table = _table(request, filters, listing(filters, request.user))
    return page(request, "workflows/processes.html", table | _around(request, filters))


@fragment_view
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """Return the table and the chips with counts; 304 if the browser has them."""
    filters = Filters.of(request.GET)
    found = listing(filters, request.user)
    not_modified = unchanged(request, found.tag)
    if not_modified:
        return not_modified
    table = _table(request, filters, found) | {"polled": True}
    response = render(request, "workflows/rows.html", table)
    response["ETag"] = f'"{found.tag}"'
    return response


def _table(request: HttpRequest, filters: Filters, found: Listing) -> dict[str, Any]:
    sees = sees_subscriptions(request.user)
    shown = columns.chosen(request, filters.cols, with_subscriptions=sees)
    return {
        "filters": filters,
        "listing": found,
        "lines": found.lines(),
        "shown": shown,
        "columns": [(name, columns.LABELS[name]) for name in shown],
        "verbs": bulk.permitted(request.user),
        "statuses": filters.statuses(found.counts),
        "query": filters.address(cursor=filters.cursor),
        "next": filters.address(cursor=str(found.next)) if found.next else "",
        "previous": filters.address(cursor=str(found.previous)) if found.previous else "",
        "seldom": any((filters.q, filters.mine, filters.customer, filters.product)),
    }


def _around(request: HttpRequest, filters: Filters) -> dict[str, Any]:
    """Return what stands around the table and is not polled."""
    sees = sees_subscriptions(request.user)
    products = Product.objects.order_by("name").values_list("name", flat=True) if sees else []
    return {
        "title": _("Processes"),
        "workflows": [(row.name, str(row)) for row in _workflows()],
        "assignees": _assignees(),
        "targets": Target.values,
        "products": products,
        "sees_subscriptions": sees,
        "hidden_keys": hidden_keys(filters.q),
        "all_columns": [
            (name, label)
            for name, label in columns.LABELS.items()
            if sees or name not in columns.OF_SUBSCRIPTIONS
        ],
        "saved": saved.listed(request.user, filters),
        "may_share": request.user.has_perm(saved.SHARE),
        "most": bulk.MOST,
    }


def _workflows() -> QuerySet[Workflow]:
    return Workflow.objects.only("name", "description").order_by("name")


def _assignees() -> list[str]:
    """Return who somebody waits for now."""
    rows = Process.objects.filter(status=ProcessStatus.SUSPENDED).exclude(assignee="")
    return list(rows.order_by("assignee").values_list("assignee", flat=True).distinct())
