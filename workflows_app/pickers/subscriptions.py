"""Subscriptions to choose from, as far as the author's rule goes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from pydantic import AfterValidator, Field

from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import Subscription
from workflows_app.pickers.offers import MOST_OFFERS, Offer, Offers, first

FORMAT = "subscriptionId"
MOST_WORDS = 8  # Of a search; each is looked for in several columns.
_START_OF_ID = re.compile(r"[0-9a-f]{4,32}")


@dataclass(frozen=True, kw_only=True)
class SubscriptionRule:
    """Which subscriptions may be chosen; what is left out does not matter.

    Attributes:
        workflow: the name of a workflow that their product must have.
    """

    product_ids: tuple[str, ...] = ()
    product_types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    customer_id: str = ""
    excluded: tuple[str, ...] = ()
    insync: bool | None = None
    workflow: str = ""

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> "SubscriptionRule":
        """Return the rule that a field's JSON schema tells a front end."""
        lists = {
            name: tuple(map(str, schema.get(key) or ()))
            for name, key in _KEYS.items()
            if name not in ("customer_id", "insync", "workflow")
        }
        return cls(
            **lists,
            customer_id=str(schema.get("customerId") or ""),
            insync=schema.get("insync"),
            workflow=str(schema.get("workflow") or ""),
        )

    def schema(self) -> dict[str, Any]:
        """Return what a field's JSON schema tells a front end."""
        told = {key: getattr(self, name) for name, key in _KEYS.items()}
        told = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in told.items()
            if value not in (None, "", ())
        }
        return {"format": FORMAT, "extraProperties": told}

    def refusal(self, row: Subscription) -> str:
        """Return why the subscription may not be chosen; "" if it may."""
        return next(self._refusals(row), "")

    def _refusals(self, row: Subscription) -> Iterator[str]:
        product = row.product
        if self.product_ids and str(product.pk) not in self.product_ids:
            yield _("It is one of the product %(product)s.") % {"product": product.name}
        if self.product_types and product.product_type not in self.product_types:
            yield _("It is one of the type %(type)s.") % {"type": product.product_type}
        if self.tags and product.tag not in self.tags:
            yield _("Its product has the tag “%(tag)s”.") % {"tag": product.tag}
        if self.statuses and row.status not in self.statuses:
            yield _("It is %(status)s.") % {"status": row.status}
        if self.customer_id and row.customer_id != self.customer_id:
            yield _("It is one of another customer.")
        if str(row.pk) in self.excluded:
            yield _("It is not to be chosen here.")
        if self.insync is not None and row.insync != self.insync:
            yield _("It is in sync.") if row.insync else _("It is out of sync.")

    def rows(self) -> QuerySet[Subscription]:
        """Return the subscriptions that may be chosen."""
        wanted = {
            "product__in": self.product_ids,
            "product__product_type__in": self.product_types,
            "product__tag__in": self.tags,
            "status__in": self.statuses,
            "customer_id": self.customer_id,
            "product__workflows__name": self.workflow,
        }
        rows = Subscription.objects.filter(**{key: value for key, value in wanted.items() if value})
        if self.insync is not None:
            rows = rows.filter(insync=self.insync)
        return rows.exclude(pk__in=self.excluded) if self.excluded else rows


_KEYS = {
    "product_ids": "productIds",
    "product_types": "productTypes",
    "tags": "tags",
    "statuses": "statuses",
    "customer_id": "customerId",
    "excluded": "excludedSubscriptionIds",
    "insync": "insync",
    "workflow": "workflow",
}


@dataclass(frozen=True)
class Subscriptions:
    """The source of a picker of subscriptions."""

    rule: SubscriptionRule
    free = False

    def search(self, text: str) -> Offers:
        """Return those with every word in description, customer, product or start of the id.

        Without a word the newest, which an index finds.
        """
        words = text.replace("\0", "").split()[:MOST_WORDS]
        rows = self.rule.rows().select_related("product")
        for word in words:
            rows = rows.filter(_has(word))
        rows = rows.order_by(*(["description", "pk"] if words else ["-created_at", "-pk"]))
        return first(text, map(_offer, rows.defer("metadata", "note")[: MOST_OFFERS + 1]))

    def labels(self, values: Sequence[str]) -> Mapping[str, str]:
        ids = {identity for value in values if (identity := uuid_of(value))}
        rows = Subscription.objects.filter(pk__in=ids).select_related("product")
        return {str(row.pk): _offer(row).label for row in rows.defer("metadata", "note")}


def subscription_id(
    *,
    product_ids: Iterable[UUID | str] = (),
    product_types: Iterable[str] = (),
    tags: Iterable[str] = (),
    allowed_statuses: Iterable[SubscriptionLifecycle | str] = (),
    customer_id: str = "",
    excluded_subscription_ids: Iterable[UUID | str] = (),
    insync: bool | None = None,
) -> Any:
    """Return the annotation of a field that takes the id of a subscription.

    What is left out does not matter. ``list[subscription_id(…)]`` takes several.
    """
    rule = SubscriptionRule(
        product_ids=tuple(map(str, product_ids)),
        product_types=tuple(product_types),
        tags=tuple(tags),
        statuses=tuple(str(SubscriptionLifecycle(status)) for status in allowed_statuses),
        customer_id=customer_id,
        excluded=tuple(map(str, excluded_subscription_ids)),
        insync=insync,
    )

    def check(value: UUID) -> UUID:
        row = Subscription.objects.select_related("product").filter(pk=value).first()
        if row is None:
            raise ValueError(_("There is no such subscription."))
        if why := rule.refusal(row):
            raise ValueError(_("This subscription does not fit. %(why)s") % {"why": why})
        return value

    return Annotated[UUID, AfterValidator(check), Field(json_schema_extra=rule.schema())]


SubscriptionId: Any = subscription_id()


def uuid_of(text: str) -> UUID | None:
    """Return the id that the text is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _has(word: str) -> Q:
    texts = ("description", "customer_id", "product__name")
    fits = Q(*[(f"{name}__icontains", word) for name in texts], _connector=Q.OR)
    digits = word.lower().replace("-", "")
    if _START_OF_ID.fullmatch(digits):
        first_id, last_id = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
        fits |= Q(pk__gte=first_id, pk__lte=last_id)
    return fits


def _offer(row: Subscription) -> Offer:
    label = f"{row.description} · {row.customer_id} · {row.product.name}"
    return Offer(str(row.pk), label if row.insync else f"{label} · {_('out of sync')}")
