"""What the page of a subscription shows: what it is, who is changing it, what can be done."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from workflows_app import locks, policy
from workflows_app.console import subscription_words as words
from workflows_app.console.blocks import Tree, tree
from workflows_app.console.choosing import may_open
from workflows_app.console.neighbour_map import Drawing, drawings
from workflows_app.console.neighbours import around
from workflows_app.console.pages import tag_of
from workflows_app.console.sentences import Look
from workflows_app.console.subscription_runs import MOST, Run, relations, runs
from workflows_app.console.subscription_words import Hold
from workflows_app.console.values import Change, changed
from workflows_app.engine.pausing import is_paused
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.localized import localized
from workflows_app.models import ProcessEvent, ProcessSubscription, Subscription
from workflows_app.statuses import Target
from workflows_app.subscriptions.available import Available, available

MOST_RELATED = 100
UNFOLDED = 8  # Processes; the others are folded.
_L = SubscriptionLifecycle
_ORDER = (Target.MODIFY, Target.RECONCILE, Target.VALIDATE, Target.SYSTEM, Target.TERMINATE)


@dataclass(frozen=True, slots=True)
class Related:
    """Another subscription."""

    row: Subscription
    look: Look
    hold: Hold | None


@dataclass
class View:
    """What the page shows of a subscription, to one user."""

    row: Subscription
    user: Any
    now: datetime
    most_processes = MOST
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
    def relations(self) -> list[ProcessSubscription]:
        """Its processes, newest first."""
        return relations(self.row)

    @cached_property
    def runs(self) -> list[Run]:
        """What is going on with each of them."""
        return runs(self.relations, self.now)

    @property
    def newest(self) -> list[Run]:
        return self.runs[:UNFOLDED]

    @property
    def older(self) -> list[Run]:
        return self.runs[UNFOLDED:]

    @property
    def held_since(self) -> datetime | None:
        """Since when the process that has locked it is at it, if it is one of the newest."""
        found = [each for each in self.relations if each.process_id == self.row.locked_by_id]
        return found[0].created_at if found else None

    @cached_property
    def drawings(self) -> list[Drawing]:
        """What is around it, once for each width of a page."""
        return drawings(around(self.row))

    @cached_property
    def events(self) -> list[ProcessEvent]:
        """When it was set in sync by hand."""
        held = Q(process__in=[relation.process_id for relation in self.relations]) | Q(process=None)
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
                reasons.setdefault(item.reason, []).append(localized(item.description) or item.name)
        if self.hold and self.hold.at_work and self.may_sync:
            reasons[_("A process is at work on it. Abort that first.")] = [_("Set in sync")]
        return list(reasons.items())

    @property
    def acting(self) -> bool:
        """Whether there is anything that the user may do, now or at other times."""
        return bool(self.workflows or (self.hold and self.may_sync))

    @cached_property
    def tag(self) -> str:
        """An entity tag: it changes when what is polled would. Four queries."""
        row, holder = self.row, self.row.locked_by
        held = (holder.pk, holder.status, locks.at_work(holder)) if holder else None
        moved = [
            (each.process_id, each.process.modified_at, each.process.status)
            for each in self.relations
        ]
        around_it = self._related_out_of_sync()
        seen = (row.status, row.insync, row.version, row.note, held, moved, around_it)
        return tag_of(seen, [event.pk for event in self.events], is_paused())

    def _related_out_of_sync(self) -> list[UUID]:
        near = Q(relations__depends_on__subscription=self.row)
        near |= Q(instances__incoming__subscription=self.row)
        rows = Subscription.objects.filter(near, insync=False).exclude(pk=self.row.pk)
        return list(rows.order_by("pk").values_list("pk", flat=True).distinct()[:MOST_RELATED])
