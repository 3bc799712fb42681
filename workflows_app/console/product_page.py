"""One product: what it is made of, what can be done with it, and who has it."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from workflows_app import keyset
from workflows_app.console import subscription_words as words
from workflows_app.console.pages import page
from workflows_app.console.products import counted, lines, product_view
from workflows_app.console.sentences import Look
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import Product, ProductBlock, Subscription, Workflow
from workflows_app.statuses import Target

MOST = 20  # Subscriptions that are shown; the list has them all.
_ORDER = tuple(Target)


@dataclass(frozen=True, slots=True)
class Customer:
    """A subscription to the product."""

    row: Subscription
    look: Look


@product_view
@require_GET
def product(request: HttpRequest, *, product_id: UUID) -> HttpResponse:
    """Show a product."""
    rows = counted(Product.objects.filter(pk=product_id))
    row = rows.prefetch_related("fixed_inputs", "workflows").first()
    if row is None:
        raise Http404(_("there is no product %(id)s") % {"id": product_id})
    (line,) = lines(request.user, [row])
    context = {
        "title": row.name,
        "product": row,
        "line": line,
        "fixed_inputs": sorted(row.fixed_inputs.all(), key=lambda fixed: fixed.name),
        "blocks": _blocks(row),
        "workflows": _workflows(row),
        "living": _living(row) if request.user.has_perm("workflows_app.view_subscription") else [],
    }
    return page(request, "workflows/product.html", context)


def _blocks(row: Product) -> list[ProductBlock]:
    blocks = row.product_blocks.prefetch_related("depends_on").order_by("name")
    return list(blocks)


def _workflows(row: Product) -> list[Workflow]:
    return sorted(
        row.workflows.all(), key=lambda each: (_ORDER.index(Target(each.target)), str(each))
    )


def _living(row: Product) -> list[Customer]:
    rows = Subscription.objects.filter(product=row).defer("metadata")
    living = rows.exclude(status=SubscriptionLifecycle.TERMINATED)
    found = keyset.page([living], by="created_at", size=MOST)
    return [Customer(each, words.look(each)) for each in found.rows]


__all__ = ["product"]
