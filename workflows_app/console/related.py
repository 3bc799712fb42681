"""What else concerns a process: its subscriptions, their other processes, its earlier attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from workflows_app import policy
from workflows_app.console.consequences import definition_of
from workflows_app.console.pages import fragment_view, tag_of, unchanged
from workflows_app.console.sentences import LOOKS, Look
from workflows_app.console.subscription_words import Hold, hold, look
from workflows_app.engine.loading import unlocked
from workflows_app.models import Process, ProcessStep, Subscription

MOST_SUBSCRIPTIONS = 20  # A task may concern all of them.
MOST_PROCESSES = 10
MOST_ATTEMPTS = 5
_LOOKED_THROUGH = 200  # Processes of the same workflow, among which the same inputs are looked for.


@dataclass(frozen=True, slots=True)
class Concerned:
    """A subscription that the process concerns, and who holds it."""

    row: Subscription
    look: Look
    hold: Hold | None


@dataclass(frozen=True, slots=True)
class Other:
    """Another process."""

    row: Process
    look: Look


@dataclass
class Related:
    """What concerns the process, as far as ``user`` may see it. Four queries."""

    process: Process
    user: Any

    @cached_property
    def subscriptions(self) -> list[Concerned]:
        """The subscriptions that the process concerns."""
        if not self.user.has_perm("workflows_app.view_subscription"):
            return []
        rows = self.process.subscriptions.select_related("product", "locked_by__workflow")
        rows = rows.order_by("description", "pk")[:MOST_SUBSCRIPTIONS]
        return [Concerned(row, look(row), hold(row)) for row in rows]

    @cached_property
    def processes(self) -> list[Other]:
        """Other processes that concern the same subscriptions, newest first."""
        ids = [concerned.row.pk for concerned in self.subscriptions]
        if not ids:
            return []
        rows = Process.objects.filter(processsubscription__subscription__in=ids)
        return _others(rows.exclude(pk=self.process.pk).distinct(), MOST_PROCESSES)

    @cached_property
    def attempts(self) -> list[Other]:
        """Earlier processes of the workflow that were started with the same inputs."""
        first = self.process.steps.filter(position=0).values_list("patch", flat=True).first()
        if not first:
            return []
        recent = (
            Process.objects.filter(
                workflow=self.process.workflow_id, created_at__lt=self.process.created_at
            )
            .order_by("-created_at")
            .values_list("pk", flat=True)[:_LOOKED_THROUGH]
        )
        starts = ProcessStep.objects.filter(process__in=list(recent), position=0)
        same = [key for key, patch in starts.values_list("process", "patch") if patch == first]
        return _others(Process.objects.filter(pk__in=same), MOST_ATTEMPTS) if same else []

    @cached_property
    def again(self) -> str:
        """Where the workflow is started again with the same inputs; "" if the user may not."""
        definition = definition_of(self.process)
        if definition is None or not policy.may_start(self.user, definition):
            return ""
        address = reverse("workflows:start", args=[definition.name])
        return f"{address}?from={self.process.pk}"

    @property
    def live(self) -> bool:
        """Whether it is kept up to date: on the page of a process that has ended, nothing is."""
        return not self.process.is_final

    @property
    def tag(self) -> str:
        """An entity tag: it changes when anything shown here would."""
        held = [(c.row.pk, c.row.status, c.row.description, c.hold) for c in self.subscriptions]
        others = [(o.row.pk, o.row.status) for o in [*self.processes, *self.attempts]]
        return tag_of(held, others, self.again, self.live)


@fragment_view
@require_GET
def related(request: HttpRequest, *, process_id: UUID) -> HttpResponse:
    """Return what else concerns a process; 304 if the browser has it."""
    found = Related(unlocked(process_id), request.user)
    not_modified = unchanged(request, found.tag)
    if not_modified:
        return not_modified
    context = {"related": found, "process": found.process}
    response = render(request, "workflows/process_related.html", context)
    response["ETag"] = f'"{found.tag}"'
    return response


def _others(rows: Any, most: int) -> list[Other]:
    found: Sequence[Process] = rows.select_related("workflow").order_by("-created_at", "-pk")
    return [Other(row, LOOKS[row.status]) for row in found[:most]]
