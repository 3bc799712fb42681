"""Which subscriptions a list shows: filters that are also its address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_noop as marked

from workflows_app import keyset
from workflows_app.console.filters import Chip, address, texts_of
from workflows_app.console.subscription_words import LIFECYCLE_LOOKS
from workflows_app.models import Product, Subscription
from workflows_app.search import by_id

SYNC: Mapping[str, tuple[str, Q]] = {
    "": (marked("In sync or not"), Q()),
    "out": (marked("Out of sync"), Q(insync=False)),
    "in": (marked("In sync"), Q(insync=True)),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says. An unknown value is no filter."""

    status: str = ""
    sync: str = ""
    product: str = ""
    customer: str = ""
    q: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read the filters of an address."""
        texts = texts_of(cls, query)
        for name, known in (("status", LIFECYCLE_LOOKS), ("sync", SYNC)):
            if texts[name] not in known:
                texts[name] = ""
        if keyset.cursor(texts["cursor"]) is None:
            texts["cursor"] = ""
        return cls(**texts)

    def address(self, **changes: Any) -> str:
        """Return the query with ``changes``; whatever is changed leads to the first page."""
        return address(replace(self, **({"cursor": ""} | changes)))

    @property
    def here(self) -> str:
        """The query of this very page."""
        return address(self)

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered out."""
        return any((self.status, self.sync, self.product, self.customer, self.q))

    def rows(self) -> QuerySet[Subscription]:
        """Return the subscriptions that fit."""
        given = {"status": self.status, "customer_id": self.customer}
        exact = {column: value for column, value in given.items() if value}
        rows = Subscription.objects.filter(SYNC[self.sync][1], **exact)
        if self.product:
            rows = rows.filter(product__name=self.product)
        return rows.filter(_search(self.q)) if self.q else rows

    @property
    def chips(self) -> list[list[Chip]]:
        """The choices that need no form."""
        labels = {"": _("All")} | {
            status: str(capfirst(look.word)) for status, look in LIFECYCLE_LOOKS.items()
        }
        return [
            [Chip(text, self.address(status=s), on=s == self.status) for s, text in labels.items()],
            [Chip(_(t), self.address(sync=s), on=s == self.sync) for s, (t, _q) in SYNC.items()],
        ]

    @property
    def chosen(self) -> list[Chip]:
        """What the form has narrowed the list to: each leads to the list without it."""
        texts = {
            "product": _("Product %(name)s") % {"name": self.product},
            "customer": _("Customer %(name)s") % {"name": self.customer},
            "q": _("Search “%(text)s”") % {"text": self.q},
        }
        return [
            Chip(text, self.address(**{name: ""}), on=True)
            for name, text in texts.items()
            if getattr(self, name)
        ]


def _search(text: str) -> Q:
    """Return what finds a word in all that a person may remember of a subscription."""
    products = Product.objects.filter(Q(name__icontains=text) | Q(product_type__icontains=text))
    words = Q(description__icontains=text) | Q(customer_id__icontains=text)
    return words | Q(note__icontains=text) | Q(product__in=products.values("pk")) | by_id(text)
