"""Customers to choose from: the site's own list, or those that subscriptions have."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from pydantic import AfterValidator, Field

from workflows_app import app_settings
from workflows_app.models import Subscription
from workflows_app.pickers.offers import MOST_OFFERS, Offer, Offers, Source, first

FORMATS = ("customerId", "organisationId")
Search: TypeAlias = Callable[[str], Iterable[tuple[str, str]]]


class KnownCustomers:
    """The source without a list of the site's: the customers of subscriptions, and any other id."""

    free = True

    def search(self, text: str) -> Offers:
        typed = text.replace("\0", "")
        rows = Subscription.objects.filter(customer_id__icontains=typed).order_by("customer_id")
        ids = rows.values_list("customer_id", flat=True).distinct()[: MOST_OFFERS + 1]
        return first(text, (Offer(identity, identity) for identity in ids))

    def labels(self, values: Sequence[str]) -> Mapping[str, str]:
        return {value: value for value in values}


class ListedCustomers:
    """The source that is the site's own list."""

    free = False

    def __init__(self, find: Search) -> None:
        self.find = find

    def search(self, text: str) -> Offers:
        found = self.find(text.replace("\0", ""))
        return first(text, (Offer(str(key), str(name)) for key, name in found))

    def labels(self, values: Sequence[str]) -> Mapping[str, str]:
        return {value: name for value in values if (name := self._name(value)) is not None}

    def _name(self, value: str) -> str | None:
        found = self.find(value.replace("\0", ""))
        return next((str(name) for key, name in found if str(key) == value), None)


def customers() -> Source:
    """Return where customers are looked up."""
    path = app_settings.get("CUSTOMERS")
    return ListedCustomers(import_string(path)) if path else KnownCustomers()


def unusable_customers() -> str:
    """Return what is wrong with the setting ``CUSTOMERS``, if anything."""
    path = app_settings.get("CUSTOMERS")
    try:
        if path is None or callable(import_string(path)):
            return ""
    except (ImportError, AttributeError, TypeError) as error:
        return str(error)
    return f"{path} is no function."


def _check(value: str) -> str:
    source = customers()
    if not source.free and not source.labels([value]):
        raise ValueError(_("There is no such customer."))
    return value


CustomerId: Any = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"format": "customerId"}),
    AfterValidator(_check),
]
"""The annotation of a field that takes the id of a customer."""
