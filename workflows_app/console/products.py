"""What can be ordered: the products, and the workflows that each one has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_noop as marked
from django.views.decorators.http import require_GET

from workflows_app import policy, registry
from workflows_app.console.choosing import may_open
from workflows_app.console.filters import Chip, address, texts_of
from workflows_app.console.pages import page, view_for
from workflows_app.console.sentences import Look
from workflows_app.errors import UnknownWorkflow
from workflows_app.lifecycle import ProductLifecycle, SubscriptionLifecycle
from workflows_app.models import Product, Workflow
from workflows_app.models.catalog import Products
from workflows_app.statuses import Target
from workflows_app.subscriptions.start_forms import ORDERABLE

MOST = 200
_P = ProductLifecycle
PRODUCT_LOOKS: Mapping[str, Look] = {
    _P.ACTIVE: Look("tick", "green", marked("active")),
    _P.PRE_PRODUCTION: Look("circle", "blue", marked("pre production")),
    _P.PHASE_OUT: Look("dash", "amber", marked("phase out")),
    _P.END_OF_LIFE: Look("stop", "grey", marked("end of life")),
}
product_view = view_for("workflows_app.view_product", marked("look at products"))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says. An unknown status is no filter."""

    status: str = ""
    q: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read the filters of an address."""
        texts = texts_of(cls, query)
        if texts["status"] not in PRODUCT_LOOKS:
            texts["status"] = ""
        return cls(**texts)

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered out."""
        return bool(self.status or self.q)

    @property
    def chips(self) -> list[Chip]:
        """The choices of a status."""
        labels = {"": _("All")} | {
            status: str(capfirst(look.word)) for status, look in PRODUCT_LOOKS.items()
        }
        return [
            Chip(text, address(replace(self, status=status)), on=status == self.status)
            for status, text in labels.items()
        ]

    def rows(self) -> Products:
        """Return the products that fit, by type."""
        rows = Product.objects.filter(status=self.status) if self.status else Product.objects.all()
        return (rows.filter(_search(self.q)) if self.q else rows).order_by("product_type", "name")


@dataclass(frozen=True, slots=True)
class Line:
    """One product in the list; ``orders`` are the workflows that can be started for it now."""

    product: Product
    look: Look
    orders: list[Workflow]
    others: list[Workflow]


@product_view
@require_GET
def products(request: HttpRequest) -> HttpResponse:
    """List the products that fit the address's filters."""
    filters = Filters.of(request.GET)
    found = filters.rows().with_parts()
    rows = list(counted(found)[: MOST + 1])
    context = {
        "title": _("Products"),
        "filters": filters,
        "lines": lines(request.user, rows[:MOST]),
        "most": MOST if len(rows) > MOST else 0,
    }
    return page(request, "workflows/products.html", context)


def counted(rows: QuerySet[Product]) -> QuerySet[Product]:
    """Add how many subscriptions live and how many have ended. An index has both."""
    over = Q(subscriptions__status=SubscriptionLifecycle.TERMINATED)
    return rows.annotate(
        living=Count("subscriptions", filter=~over), ended=Count("subscriptions", filter=over)
    )


def lines(user: Any, rows: Iterable[Product]) -> list[Line]:
    """Say of each product what the user can order. Each workflow is asked once."""
    rows = list(rows)
    startable = _startable(user, rows)
    return [_line(row, startable) for row in rows]


def _line(row: Product, startable: set[str]) -> Line:
    workflows = sorted(row.workflows.all(), key=str)
    orders = [workflow for workflow in workflows if workflow.name in startable]
    if row.status not in ORDERABLE:
        orders = []
    others = [workflow for workflow in workflows if workflow not in orders]
    return Line(row, PRODUCT_LOOKS[row.status], orders, others)


def _startable(user: Any, rows: list[Product]) -> set[str]:
    """Return the workflows to create a subscription that the user may start. Each is asked once."""
    creating = {
        workflow.name
        for row in rows
        for workflow in row.workflows.all()
        if workflow.target == Target.CREATE
    }
    return {name for name in creating if may_open(user) and _may_start(user, name)}


def _may_start(user: Any, name: str) -> bool:
    try:
        return policy.may_start(user, registry.get(name))
    except UnknownWorkflow:
        return False


def _search(text: str) -> Q:
    words = Q(name__icontains=text) | Q(description__icontains=text)
    return words | Q(product_type__icontains=text) | Q(tag__iexact=text)
