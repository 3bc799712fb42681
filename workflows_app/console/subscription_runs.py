"""The processes of one subscription: as many queries however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflows_app.console.listing import aborts
from workflows_app.console.moments import Moment
from workflows_app.console.sentences import LOOKS, Facts, Look, Sentence, sentence
from workflows_app.engine.pausing import is_paused
from workflows_app.models import Process, ProcessStep, ProcessSubscription, Subscription
from workflows_app.statuses import PARKED, ProcessStatus

MOST = 50


@dataclass(frozen=True, slots=True)
class Run:
    """A process of the subscription, and what is going on with it."""

    relation: ProcessSubscription
    look: Look
    sentence: Sentence
    since: Moment

    @property
    def process(self) -> Process:
        return self.relation.process


def relations(row: Subscription) -> list[ProcessSubscription]:
    """Return which processes concerned the subscription, newest first. One query."""
    found = ProcessSubscription.objects.filter(subscription=row)
    return list(found.select_related("process__workflow").order_by("-created_at", "-pk")[:MOST])


def runs(found: Sequence[ProcessSubscription], now: datetime) -> list[Run]:
    """Say what is going on with each of the processes. Three queries at most."""
    facts = _facts([relation.process for relation in found], now)
    return [
        Run(
            relation,
            LOOKS[relation.process.status],
            sentence(relation.process, facts),
            Moment(relation.process.created_at, now),
        )
        for relation in found
    ]


def _facts(processes: Sequence[Process], now: datetime) -> Facts:
    parked = [process.pk for process in processes if process.status in PARKED]
    aborted = [each.pk for each in processes if each.status == ProcessStatus.ABORTED]
    steps = ProcessStep.objects.filter(process__in=parked, status__in=PARKED, superseded=False)
    columns = ("process_id", "path", "attempt", "progress")
    return Facts(
        now=now,
        paused=is_paused(),
        open_steps={(step.process_id, step.path): step for step in steps.only(*columns)},
        aborts=aborts(aborted),
    )
