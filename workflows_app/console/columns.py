"""The columns of the process list: which there are, and which somebody chose."""

from collections.abc import Iterable, Mapping

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

LABELS: Mapping[str, Promise] = {
    "what": gettext_lazy("Workflow"),
    "customer": gettext_lazy("Customer"),
    "product": gettext_lazy("Product"),
    "target": gettext_lazy("Target"),
    "kind": gettext_lazy("Kind"),
    "step": gettext_lazy("Step"),
    "assignee": gettext_lazy("Assignee"),
    "created_by": gettext_lazy("By"),
    "since": gettext_lazy("Started"),
    "changed": gettext_lazy("Last change"),
    "ended": gettext_lazy("Ended"),
    "id": gettext_lazy("Id"),
}
DEFAULT = ("what", "customer", "created_by", "since", "id")
OF_SUBSCRIPTIONS = frozenset({"customer", "product"})
_REMEMBERED = "process_columns"


def text(values: Iterable[str]) -> str:
    """Return the columns that an address names, in their order, as an address has them."""
    named = {name for value in values for name in value.split(",")}
    return ",".join(name for name in LABELS if name in named)


def chosen(request: HttpRequest, named: str, *, with_subscriptions: bool) -> list[str]:
    """Return the columns to show: those of the address, else those of last time.

    Args:
        named: what the address says; it is remembered.
        with_subscriptions: whether the reader may see what subscriptions are concerned.
    """
    if named:
        request.session[_REMEMBERED] = named
    names = text([named or request.session.get(_REMEMBERED) or ""]).split(",")
    shown = [name for name in names if name] or DEFAULT
    return [name for name in shown if with_subscriptions or name not in OF_SUBSCRIPTIONS]
