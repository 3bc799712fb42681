"""The workflows in the list of what can be started: in groups, searched, and why one cannot be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _, gettext_lazy

from workflows_app import policy, registry
from workflows_app.console.foreseen import refusals
from workflows_app.console.pages import sentence
from workflows_app.definition import WorkflowDefinition
from workflows_app.errors import UnknownWorkflow
from workflows_app.models import Process, Product, Workflow
from workflows_app.statuses import Target

HEADINGS: Mapping[str, Any] = {
    Target.CREATE: gettext_lazy("Create"),
    Target.MODIFY: gettext_lazy("Modify"),
    Target.TERMINATE: gettext_lazy("Terminate"),
    Target.VALIDATE: gettext_lazy("Validate"),
    Target.RECONCILE: gettext_lazy("Reconcile"),
    Target.SYSTEM: gettext_lazy("System"),
}
MOST_LATELY = 5
LOOKED_BACK = 100  # Of what somebody has started; an account of a program may have started a lot.
NAMED = 3  # Products that a line names.


@dataclass(frozen=True, slots=True)
class Startable:
    """A workflow in the list.

    Attributes:
        why_not: why the user cannot start it; "" if they can.
        advice: why it would be refused just now.
    """

    workflow: Workflow
    definition: WorkflowDefinition | None
    products: list[Product]
    why_not: str
    advice: str = ""

    @property
    def documentation(self) -> str:
        return self.definition.documentation if self.definition else ""

    @property
    def named(self) -> list[str]:
        """The first of its products, by name."""
        return [product.name for product in self.products[:NAMED]]

    @property
    def unnamed(self) -> int:
        return len(self.products) - NAMED if len(self.products) > NAMED else 0

    @property
    def kind(self) -> str:
        """What it stands under within its target: a type of products."""
        types = {product.product_type for product in self.products}
        return types.pop() if len(types) == 1 else _("Several types of products") if types else ""

    def matches(self, words: Iterable[str]) -> bool:
        parts = [self.workflow.name, str(self.workflow), self.documentation]
        parts += [f"{row.name} {row.product_type} {row.tag}" for row in self.products]
        text = " ".join(parts).casefold()
        return all(word in text for word in words)


@dataclass(frozen=True, slots=True)
class Group:
    """The workflows of one target, by type of product."""

    heading: str
    kinds: list[tuple[str, list[Startable]]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the page shows.

    Attributes:
        lately: what the user has started lately, newest first, with when; not while searching.
        unregistered: workflows in code that have no row yet.
    """

    q: str
    total: int
    found: int
    groups: list[Group]
    lately: list[tuple[Startable, datetime]] = field(default_factory=list)
    unregistered: list[str] = field(default_factory=list)


def catalogue(user: Any, q: str) -> Catalogue:
    """Return the workflows that match, each word somewhere, as ``user`` may start them."""
    listed = _listed(user)
    words = q.casefold().split()
    found = [item for item in listed if item.matches(words)]
    return Catalogue(
        q=q,
        total=len(listed),
        found=len(found),
        groups=_groups(found),
        lately=[] if words else _lately(user, listed),
        unregistered=sorted(set(registry.names()) - {item.workflow.name for item in listed}),
    )


def _listed(user: Any) -> list[Startable]:
    rows = list(_rows())
    definitions = {row.name: _definition(row) for row in rows}
    allowed = {
        name: found
        for name, found in definitions.items()
        if isinstance(found, WorkflowDefinition) and policy.may_start(user, found)
    }
    advice = refusals(allowed.values())
    return [_startable(row, definitions[row.name], allowed, advice) for row in rows]


def _rows() -> QuerySet[Workflow]:
    products = Product.objects.only("name", "product_type", "tag").order_by("name")
    return Workflow.objects.prefetch_related(Prefetch("products", products))


def _definition(row: Workflow) -> WorkflowDefinition | str:
    """Return the workflow's definition, or why there is none."""
    try:
        return registry.get(row.name)
    except UnknownWorkflow as error:
        return sentence(error) if row.in_code else _("Its code is gone.")


def _startable(
    row: Workflow,
    found: WorkflowDefinition | str,
    allowed: Mapping[str, WorkflowDefinition],
    advice: Mapping[str, str],
) -> Startable:
    products = list(row.products.all())
    if isinstance(found, str):
        return Startable(row, None, products, why_not=found)
    why_not = "" if row.name in allowed else _("You may not start it.")
    return Startable(row, found, products, why_not, advice.get(row.name, ""))


def _groups(listed: list[Startable]) -> list[Group]:
    order = list(HEADINGS)

    def place(item: Startable) -> tuple[int, str, str, str]:
        at = order.index(item.workflow.target)
        return (at, item.kind.casefold(), str(item.workflow).casefold(), item.workflow.name)

    by_target = groupby(sorted(listed, key=place), lambda item: item.workflow.target)
    return [
        Group(
            str(HEADINGS[target]),
            [(kind, list(items)) for kind, items in groupby(members, lambda item: item.kind)],
        )
        for target, members in by_target
    ]


def _lately(user: Any, listed: list[Startable]) -> list[tuple[Startable, datetime]]:
    rows = Process.objects.filter(created_by=user.get_username()).order_by("-created_at")
    times: dict[int, datetime] = {}
    for workflow_id, at in rows.values_list("workflow_id", "created_at")[:LOOKED_BACK]:
        times.setdefault(workflow_id, at)
    startable = {item.workflow.pk: item for item in listed if not item.why_not}
    found = [(startable[pk], at) for pk, at in times.items() if pk in startable]
    return found[:MOST_LATELY]
