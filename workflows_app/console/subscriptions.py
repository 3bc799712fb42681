"""The list of subscriptions, newest first: as many queries whatever it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_GET

from workflows_app.console import subscription_words as words
from workflows_app.console.filters import Chip, address, by_id, page_number, texts_of
from workflows_app.console.pages import page, view_for
from workflows_app.console.sentences import Look
from workflows_app.console.subscription_words import LIFECYCLE_LOOKS, Hold
from workflows_app.models import Product, Subscription

SIZE = 50
SYNC: Mapping[str, tuple[str, Q]] = {
    "": ("In sync or not", Q()),
    "out": ("Out of sync", Q(insync=False)),
}
subscription_view = view_for("workflows_app.view_subscription", "look at subscriptions")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says. An unknown status is no filter."""

    status: str = ""
    sync: str = ""
    product: str = ""
    customer: str = ""
    q: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read the filters of an address."""
        texts = texts_of(cls, query)
        number = page_number(texts.pop("page"))
        for name, known in (("status", LIFECYCLE_LOOKS), ("sync", SYNC)):
            if texts[name] not in known:
                texts[name] = ""
        return cls(**texts, page=number)

    def address(self, **changes: Any) -> str:
        """Return the query with ``changes``; whatever is changed but the page leads to page 1."""
        return address(replace(self, **({"page": 1} | changes)))

    def narrowed(self) -> bool:
        """Whether anything is filtered out."""
        return any((self.status, self.sync, self.product, self.customer, self.q))

    def apply(self) -> QuerySet[Subscription]:
        """Return the subscriptions that fit."""
        given = {
            "status": self.status,
            "product__name": self.product,
            "customer_id": self.customer,
        }
        exact = {column: value for column, value in given.items() if value}
        rows = Subscription.objects.filter(SYNC[self.sync][1], **exact)
        return rows.filter(_search(self.q)) if self.q else rows

    def chips(self) -> list[list[Chip]]:
        """Return the choices that need no form."""
        labels = {"": "All"} | {s: look.word.capitalize() for s, look in LIFECYCLE_LOOKS.items()}
        return [
            [Chip(text, self.address(status=s), on=s == self.status) for s, text in labels.items()],
            [Chip(t, self.address(sync=s), on=s == self.sync) for s, (t, _) in SYNC.items()],
        ]


@dataclass(frozen=True, slots=True)
class Line:
    """One subscription in a list."""

    subscription: Subscription
    look: Look
    hold: Hold | None


@subscription_view
@require_GET
def subscriptions(request: HttpRequest) -> HttpResponse:
    """Show the subscriptions that fit the address's filters."""
    filters = Filters.of(request.GET)
    offset = (filters.page - 1) * SIZE
    rows = filters.apply().select_related("product", "locked_by__workflow")
    rows = rows.defer("metadata", "locked_by__definition").order_by("-created_at", "-pk")
    found = list(rows[offset : offset + SIZE + 1])
    context = {
        "title": "Subscriptions",
        "filters": filters,
        "products": Product.objects.order_by("name").values_list("name", flat=True),
        "lines": [Line(row, words.look(row), words.hold(row)) for row in found[:SIZE]],
        "next": filters.address(page=filters.page + 1) if len(found) > SIZE else "",
        "previous": filters.address(page=filters.page - 1) if filters.page > 1 else "",
    }
    return page(request, "workflows/subscriptions.html", context)


def _search(text: str) -> Q:
    words_ = Q(description__icontains=text) | Q(customer_id__icontains=text)
    return words_ | Q(note__icontains=text) | by_id(text)
