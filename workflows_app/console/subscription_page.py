"""One subscription: what it is, who is changing it, and what can be done to it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from workflows_app import locks, policy
from workflows_app.console import subscription_words as words
from workflows_app.console.blocks import Tree, tree
from workflows_app.console.choosing import may_open
from workflows_app.console.pages import page, posted, username
from workflows_app.console.sentences import LOOKS, Look
from workflows_app.console.subscription_words import Hold
from workflows_app.console.subscriptions import subscription_view
from workflows_app.console.values import Change, changed
from workflows_app.errors import NotAllowed, SubscriptionLocked, UnknownSubscription
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import ProcessEvent, ProcessSubscription, Subscription
from workflows_app.statuses import Target
from workflows_app.subscriptions.available import Available, available

MOST_PROCESSES = 200
MOST_RELATED = 100
SET_IN_SYNC = "Set in sync"
AT_WORK = "A process is at work on it. Abort that first."
_L = SubscriptionLifecycle
_ORDER = (Target.MODIFY, Target.RECONCILE, Target.VALIDATE, Target.SYSTEM, Target.TERMINATE)


@dataclass(frozen=True, slots=True)
class Related:
    """Another subscription."""

    row: Subscription
    look: Look
    hold: Hold | None


@dataclass(frozen=True, slots=True)
class Run:
    """A process of the subscription."""

    relation: ProcessSubscription
    look: Look


@dataclass
class View:
    """What the page shows of a subscription, to one user."""

    row: Subscription
    user: Any
    most_processes = MOST_PROCESSES
    most_related = MOST_RELATED

    @property
    def look(self) -> Look:
        return words.look(self.row)

    @property
    def since(self) -> datetime | None:
        """Since when it has its status, if that is noted."""
        noted = {_L.ACTIVE: self.row.start_date, _L.TERMINATED: self.row.end_date}
        return noted.get(_L(self.row.status))

    @cached_property
    def hold(self) -> Hold | None:
        return words.hold(self.row)

    @cached_property
    def tree(self) -> Tree:
        return tree(self.row)

    @property
    def metadata(self) -> list[Change]:
        return changed({}, self.row.metadata)

    @cached_property
    def used_by(self) -> list[Related]:
        return self._others(relations__depends_on__subscription=self.row)

    @cached_property
    def uses(self) -> list[Related]:
        return self._others(instances__incoming__subscription=self.row)

    def _others(self, **related: Subscription) -> list[Related]:
        rows = Subscription.objects.filter(**related).exclude(pk=self.row.pk).distinct()
        rows = rows.select_related("product", "locked_by__workflow").defer("metadata")
        ordered = rows.defer("locked_by__definition").order_by("description", "pk")
        return [Related(row, words.look(row), words.hold(row)) for row in ordered[:MOST_RELATED]]

    @cached_property
    def runs(self) -> list[Run]:
        rows = ProcessSubscription.objects.filter(subscription=self.row)
        newest = rows.select_related("process__workflow").defer("process__definition")
        return [
            Run(relation, LOOKS[relation.process.status])
            for relation in newest.order_by("-created_at", "-pk")[:MOST_PROCESSES]
        ]

    @cached_property
    def events(self) -> list[ProcessEvent]:
        """When it was set in sync by hand."""
        held = Q(process__in=[run.relation.process_id for run in self.runs]) | Q(process=None)
        events = ProcessEvent.objects.filter(
            held, action="set in sync", details__subscription=str(self.row.pk)
        )
        return list(events.order_by("-at", "-pk")[:20])

    @property
    def may_start(self) -> bool:
        return may_open(self.user)

    @property
    def may_sync(self) -> bool:
        return bool(self.user.has_perm(policy.PERMISSIONS["set in sync"]))

    @cached_property
    def workflows(self) -> list[Available]:
        """The product's workflows, in the order in which they are offered; the last one ends it."""
        found = available(self.row, self.user) if self.may_start else ()
        return sorted(found, key=lambda item: _ORDER.index(Target(item.target)))

    @property
    def startable(self) -> list[Available]:
        return [item for item in self.workflows if not item.reason]

    @cached_property
    def refused(self) -> list[tuple[str, list[str]]]:
        """What cannot be done now, by the reason."""
        reasons: dict[str, list[str]] = {}
        for item in self.workflows:
            if item.reason:
                reasons.setdefault(item.reason, []).append(item.description or item.name)
        if self.hold and self.hold.at_work and self.may_sync:
            reasons[AT_WORK] = [SET_IN_SYNC]
        return list(reasons.items())

    @property
    def acting(self) -> bool:
        """Whether there is anything that the user may do, now or at other times."""
        return bool(self.workflows or (self.hold and self.may_sync))


@subscription_view
@require_GET
def subscription(request: HttpRequest, *, subscription_id: UUID) -> HttpResponse:
    """Show a subscription."""
    row = _row(subscription_id)
    context = {"title": row.description, "view": View(row, request.user), "subscription": row}
    return page(request, "workflows/subscription.html", context)


@subscription_view
def set_in_sync(request: HttpRequest, *, subscription_id: UUID) -> HttpResponse:
    """Name the consequence of setting a subscription in sync by hand; by POST, do it."""
    if not request.user.has_perm(policy.PERMISSIONS["set in sync"]):
        raise NotAllowed("you may not set subscriptions in sync")
    row = _row(subscription_id)
    hold = words.hold(row)
    if hold is None:
        messages.info(request, "It is in sync.")
        return redirect("workflows:subscription", subscription_id=subscription_id)
    if hold.at_work:
        raise SubscriptionLocked(locks.why_out_of_sync(row))
    reason = posted(request, "reason")
    if request.method != "POST" or not reason:
        return _confirm(request, row, hold)
    locks.set_in_sync(subscription_id, by=username(request), reason=reason)
    messages.success(request, "The subscription is in sync.")
    return redirect("workflows:subscription", subscription_id=subscription_id)


def _confirm(request: HttpRequest, row: Subscription, hold: Hold) -> HttpResponse:
    missing = request.method == "POST"
    context = {
        "title": SET_IN_SYNC,
        "subscription": row,
        "hold": hold,
        "trouble": "A reason is needed: it is kept in the action log." if missing else "",
    }
    return page(request, "workflows/set_in_sync.html", context, status=400 if missing else 200)


def _row(subscription_id: UUID) -> Subscription:
    rows = Subscription.objects.select_related("product", "locked_by__workflow")
    row = rows.filter(pk=subscription_id).first()
    if row is None:
        raise UnknownSubscription(subscription_id)
    return row


__all__ = ["set_in_sync", "subscription"]
