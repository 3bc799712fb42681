"""What needs me, what is wrong, what is running: the lists of the home page.

As many queries whatever there is. A list is picked from the index of statuses: what is open is
little beside what has ended. A count ends at ``MOST``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from workflows_app import policy
from workflows_app.console.moments import Moment
from workflows_app.console.needs import MOST, capped
from workflows_app.console.sentences import LOOKS, Facts, Look, Sentence, sentence
from workflows_app.console.subjects import Subject, subjects
from workflows_app.models import Process, ProcessStep
from workflows_app.search import sees_subscriptions
from workflows_app.selection import needs
from workflows_app.statuses import FAILURES, ProcessStatus, StepStatus

SHOWN = 10
_P = ProcessStatus


class Key(NamedTuple):
    """Whatever of a process changes what its line says."""

    pk: UUID
    status: str
    modified_at: datetime
    next_step: str
    due_at: datetime | None
    note: str
    worker: str


@dataclass(frozen=True, slots=True)
class Line:
    """One process in a list of the home page."""

    process: Process
    look: Look
    sentence: Sentence
    since: Moment
    may_retry: bool
    subject: Subject | None


@dataclass(frozen=True)
class Lists:
    """The processes of each list: first what tells whether one changed, then, if asked, lines."""

    keys: Mapping[str, list[Key]]
    paused: bool
    open_steps: list[ProcessStep]
    now: datetime = field(default_factory=timezone.now)

    @property
    def facts(self) -> tuple[object, ...]:
        """What an entity tag is made of. A running process's lease is not shown, but its end is."""
        shown = [
            (name, len(keys), [_without_lease(key, self.now) for key in keys[:SHOWN]])
            for name, keys in self.keys.items()
        ]
        return (shown, self.paused, [(s.pk, s.attempt, s.progress) for s in self.open_steps])

    def count(self, name: str) -> str:
        """Return how many processes a list has."""
        return capped(len(self.keys[name]))

    def lines(self, user: Any) -> dict[str, list[Line]]:
        """Return the lines of each list that are shown. Two queries."""
        shown = {name: [key.pk for key in keys[:SHOWN]] for name, keys in self.keys.items()}
        found = Process.objects.select_related("workflow").in_bulk(
            [pk for ids in shown.values() for pk in ids]
        )
        facts = Facts(
            now=self.now,
            paused=self.paused,
            open_steps={(step.process_id, step.path): step for step in self.open_steps},
        )
        for pk in shown["mine"]:
            if pk in found:
                found[pk].needs_me = True  # type: ignore[attr-defined]
        about = subjects(found) if sees_subscriptions(user) else {}
        return {
            name: [_line(found[pk], facts, user, about.get(pk)) for pk in ids if pk in found]
            for name, ids in shown.items()
        }


def lists(user: Any, *, paused: bool) -> Lists:
    """Return the processes that the home page shows ``user``. Five queries."""
    mine = Process.objects.filter(status=_P.SUSPENDED).annotate(needs_me=needs(user))
    parked = [_P.AWAITING_CALLBACK, _P.WAITING]
    keys = {
        "mine": _keys(mine.filter(needs_me=True).order_by("modified_at", "pk")),
        "failing": _keys(
            Process.objects.filter(status__in=sorted(FAILURES)).order_by("-modified_at", "-pk")
        ),
        "waiting": _keys(Process.objects.filter(status__in=parked).order_by("modified_at", "pk")),
        "running": _keys(Process.objects.filter(status=_P.RUNNING).order_by("modified_at", "pk")),
    }
    return Lists(keys, paused, _open_steps(key.pk for key in keys["waiting"][:SHOWN]))


def _keys(rows: QuerySet[Process]) -> list[Key]:
    return [Key(*values) for values in rows.values_list(*Key._fields)[:MOST]]


def _open_steps(ids: Iterable[UUID]) -> list[ProcessStep]:
    parked = [StepStatus.AWAITING_CALLBACK, StepStatus.WAITING]
    rows = ProcessStep.objects.filter(process__in=list(ids), status__in=parked, superseded=False)
    return list(rows.only("process_id", "path", "attempt", "progress").order_by("pk"))


def _line(process: Process, facts: Facts, user: Any, subject: Subject | None) -> Line:
    return Line(
        process=process,
        look=LOOKS[process.status],
        sentence=sentence(process, facts),
        since=Moment(process.modified_at, facts.now),
        may_retry=process.status in FAILURES and policy.may(user, "retry", process),
        subject=subject,
    )


def _without_lease(key: Key, now: datetime) -> tuple[object, ...]:
    if key.status != _P.RUNNING:
        return key
    return (*key._replace(due_at=None), key.due_at is not None and key.due_at < now)
