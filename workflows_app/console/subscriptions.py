"""The list of subscriptions, newest first: as many queries whatever it shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_noop as marked
from django.views.decorators.http import require_GET

from workflows_app import keyset, locks
from workflows_app.console import spreadsheet, subscription_words as words
from workflows_app.console.pages import (
    View,
    page,
    polled,
    sentence,
    tag_of,
    unchanged,
    view_for,
)
from workflows_app.console.sentences import Look
from workflows_app.console.subscription_filters import Filters
from workflows_app.console.subscription_words import Hold
from workflows_app.errors import SearchTooSlow
from workflows_app.models import Product, Subscription
from workflows_app.patience import patience

SIZE = 50
MOST_PRODUCTS = 500  # To choose from.
COLUMNS = (
    "id", "description", "status", "insync", "locked_by", "product", "customer",
    "created_at", "start_date", "end_date", "note",
)  # fmt: skip
subscription_view = view_for("workflows_app.view_subscription", marked("look at subscriptions"))


def subscription_fragment(view: View) -> View:
    """Make a view for htmx to poll."""
    return polled(subscription_view(view))


@dataclass(frozen=True, slots=True)
class Line:
    """One subscription in a list."""

    subscription: Subscription
    look: Look
    hold: Hold | None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list."""

    filters: Filters
    found: keyset.Page[Subscription]
    trouble: str = ""

    @property
    def lines(self) -> list[Line]:
        return [Line(row, words.look(row), words.hold(row)) for row in self.found.rows]

    @property
    def tag(self) -> str:
        """An entity tag: it changes when a line would."""
        ends = (str(self.found.previous), str(self.found.next))
        return tag_of(list(map(_seen, self.found.rows)), ends, self.trouble)

    @property
    def next(self) -> str:
        return self.filters.address(cursor=str(self.found.next)) if self.found.next else ""

    @property
    def previous(self) -> str:
        before = self.found.previous
        return self.filters.address(cursor=str(before)) if before else ""


@subscription_view
@require_GET
def subscriptions(request: HttpRequest) -> HttpResponse:
    """Show the subscriptions that fit the address's filters."""
    names = Product.objects.order_by("name").values_list("name", flat=True)[:MOST_PRODUCTS]
    context = {"title": _("Subscriptions"), "products": names} | _context(request)
    return page(request, "workflows/subscriptions.html", context)


@subscription_fragment
@require_GET
def subscription_rows(request: HttpRequest) -> HttpResponse:
    """Return the table alone; 304 if the browser has it."""
    context = _context(request)
    tag = context["listing"].tag
    not_modified = unchanged(request, tag)
    if not_modified:
        return not_modified
    response = render(request, "workflows/subscription_rows.html", context)
    response["ETag"] = f'"{tag}"'
    return response


@subscription_view
@require_GET
def subscriptions_csv(request: HttpRequest) -> HttpResponseBase:
    """Return all subscriptions that fit the address's filters, with exact times."""
    rows = _whole(Filters.of(request.GET).rows()).order_by("-created_at", "-pk")
    return spreadsheet.download("subscriptions", _cells(rows.iterator(chunk_size=500)))


def _context(request: HttpRequest) -> dict[str, Any]:
    filters = Filters.of(request.GET)
    return {"filters": filters, "listing": _listing(filters)}


def _listing(filters: Filters) -> Listing:
    """Return the page of the list that the filters name; without rows if that takes long."""
    rows, at = _whole(filters.rows()), keyset.cursor(filters.cursor)
    try:
        with patience():
            return Listing(filters, keyset.page([rows], by="created_at", size=SIZE, at=at))
    except SearchTooSlow as error:
        return Listing(filters, keyset.Page([]), sentence(error))


def _whole(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    joined = rows.select_related("product", "locked_by__workflow")
    return joined.defer("metadata", "locked_by__definition")


def _seen(row: Subscription) -> tuple[Any, ...]:
    holder = row.locked_by
    held = (holder.pk, holder.status, locks.at_work(holder)) if holder else None
    return (row.pk, row.status, row.insync, row.description, row.note, row.start_date, held)


def _cells(rows: Iterable[Subscription]) -> Iterator[tuple[object, ...]]:
    yield COLUMNS
    for row in rows:
        yield (
            *(row.pk, row.description, row.status, str(row.insync).lower()),
            *(row.locked_by_id or "", row.product.name, row.customer_id),
            *map(_exact, (row.created_at, row.start_date, row.end_date)),
            row.note,
        )


def _exact(at: datetime | None) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds") if at else ""


__all__ = ["subscription_rows", "subscriptions", "subscriptions_csv"]
