"""The workflows there are, with how they are doing: as many queries whatever their number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from workflows_app import policy, registration, registry
from workflows_app.console.catalogue import HEADINGS
from workflows_app.console.filters import Chip
from workflows_app.console.pages import console_view, page, sentence
from workflows_app.definition import WorkflowDefinition
from workflows_app.errors import UnknownWorkflow
from workflows_app.models import Process, Product, Schedule, Workflow
from workflows_app.statuses import FAILURES, Target

LONGEST_QUERY = 100
DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Line:
    """One workflow in the list.

    Attributes:
        row: what the database has; None if it is not registered.
        definition: what the code has, or why it has nothing.
    """

    name: str
    row: Workflow | None
    definition: WorkflowDefinition | str
    products: list[Product]
    at_work: int = 0
    failed: int = 0
    schedules: int = 0

    @property
    def description(self) -> str:
        if self.row and self.row.description:
            return str(self.row)
        found = self.definition
        return found.title if isinstance(found, WorkflowDefinition) else self.name

    @property
    def target(self) -> str:
        if self.row:
            return self.row.target
        found = self.definition
        return found.target if isinstance(found, WorkflowDefinition) else Target.SYSTEM

    @property
    def is_task(self) -> bool:
        if self.row:
            return self.row.is_task
        return isinstance(self.definition, WorkflowDefinition) and self.definition.is_task

    @property
    def heading(self) -> Any:
        return HEADINGS[self.target]

    @property
    def drift(self) -> str:
        """In what code and database do not agree; "" if they do."""
        return drift(self.row, self.definition)

    def matches(self, words: Iterable[str]) -> bool:
        named = " ".join(product.name for product in self.products)
        text = f"{self.name} {self.description} {named}".casefold()
        return all(word in text for word in words)


@console_view
@require_GET
def workflows(request: HttpRequest) -> HttpResponse:
    """List the workflows of code and database; with ``?q=`` those that match."""
    q = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY]
    chosen = request.GET.get("target", "")
    listed = _lines()
    differing = [line for line in listed if line.drift]
    shown = {DRIFT: differing, "": listed}.get(
        chosen, [line for line in listed if line.target == chosen]
    )
    context = {
        "title": _("Workflows"),
        "q": q,
        "target": chosen,
        "chips": _chips(chosen, drifts=len(differing)),
        "lines": [line for line in shown if line.matches(q.casefold().split())],
        "narrowed": bool(q or chosen),
        "may_see_schedules": request.user.has_perm(policy.PERMISSIONS["see schedules"]),
    }
    return page(request, "workflows/workflows.html", context)


def definition_of(name: str, row: Workflow | None) -> WorkflowDefinition | str:
    """Return what the code has under that name, or why it has nothing."""
    try:
        return registry.get(name)
    except UnknownWorkflow as error:
        in_code = name in registry.names()
        return sentence(error) if in_code or row is None else _("Its code is gone.")


def drift(row: Workflow | None, definition: WorkflowDefinition | str) -> str:
    """Say in what code and database do not agree; "" if they do."""
    if isinstance(definition, str):
        return definition if row and row.in_code else ""
    if row is None:
        return _("In the code, but not registered.")
    if registration.columns(definition) != registration.stored(row):
        return _("Described differently in the database than in the code.")
    return ""


def _lines() -> list[Line]:
    rows = {row.name: row for row in _rows()}
    doing, scheduled = _doing(), _scheduled()
    found = []
    for name in {*rows, *registry.names()}:
        row = rows.get(name)
        at_work, failed = doing.get(row.pk, (0, 0)) if row else (0, 0)
        products = list(row.products.all()) if row else []
        line = Line(
            name,
            row,
            definition_of(name, row),
            products,
            at_work,
            failed,
            scheduled.get(name, 0),
        )
        found.append(line)
    order = list(HEADINGS)
    return sorted(found, key=lambda line: (order.index(line.target), line.description, line.name))


def _rows() -> Iterable[Workflow]:
    return Workflow.objects.prefetch_related(
        Prefetch("products", Product.objects.only("name").order_by("name"))
    )


def _doing() -> Mapping[int, tuple[int, int]]:
    """Return how many processes are at work, and how many have failed, by workflow."""
    failing = Q(status__in=FAILURES)
    open_ = Process.objects.filter(finished_at=None).order_by().values("workflow_id")
    counted = open_.annotate(at_work=Count("pk", filter=~failing), failed=Count("pk", failing))
    return {row["workflow_id"]: (row["at_work"], row["failed"]) for row in counted}


def _scheduled() -> Mapping[str, int]:
    rows = Schedule.objects.order_by().values_list("workflow")
    return dict(rows.annotate(Count("pk")))


def _chips(chosen: str, *, drifts: int) -> list[Chip]:
    targets = {"": _("All"), **{target: str(label) for target, label in HEADINGS.items()}}
    chips = [
        Chip(label, f"?target={target}" if target else "?", on=chosen == target)
        for target, label in targets.items()
    ]
    if drifts or chosen == DRIFT:
        label = _("Code and database differ: %(count)s") % {"count": drifts}
        chips.append(Chip(label, f"?target={DRIFT}", on=chosen == DRIFT))
    return chips
