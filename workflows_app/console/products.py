"""What can be ordered: the products, and the workflows that each one has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as marked
from django.views.decorators.http import require_GET

from workflows_app import policy, registry
from workflows_app.console.choosing import may_open
from workflows_app.console.pages import page, view_for
from workflows_app.console.sentences import Look
from workflows_app.errors import UnknownWorkflow
from workflows_app.lifecycle import ProductLifecycle, SubscriptionLifecycle
from workflows_app.models import Product, Workflow
from workflows_app.statuses import Target
from workflows_app.subscriptions.start_forms import ORDERABLE

_P = ProductLifecycle
PRODUCT_LOOKS: Mapping[str, Look] = {
    _P.ACTIVE: Look("tick", "green", marked("active")),
    _P.PRE_PRODUCTION: Look("circle", "blue", marked("pre production")),
    _P.PHASE_OUT: Look("dash", "amber", marked("phase out")),
    _P.END_OF_LIFE: Look("stop", "grey", marked("end of life")),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One product in the list; ``orders`` are the workflows that can be started for it now."""

    product: Product
    look: Look
    orders: list[Workflow]
    others: list[Workflow]


@view_for("workflows_app.view_product", "look at products")
@require_GET
def products(request: HttpRequest) -> HttpResponse:
    """List the products by type."""
    rows = list(_rows())
    startable = _startable(request.user, rows)
    context = {"title": "Products", "lines": [_line(row, startable) for row in rows]}
    return page(request, "workflows/products.html", context)


def _rows() -> QuerySet[Product]:
    over = Q(subscriptions__status=SubscriptionLifecycle.TERMINATED)
    counted = Product.objects.annotate(
        living=Count("subscriptions", filter=~over), ended=Count("subscriptions", filter=over)
    )
    whole = counted.prefetch_related("fixed_inputs", "product_blocks", "workflows")
    return whole.order_by("product_type", "name")


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
