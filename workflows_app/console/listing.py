"""The lines of the process list. The number of queries does not depend on the number of lines."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from workflows_app import bulk, keyset
from workflows_app.console.counts import counts
from workflows_app.console.filters import Filters
from workflows_app.console.moments import Moment
from workflows_app.console.pages import sentence as sentence_of, tag_of
from workflows_app.console.sentences import LOOKS, Facts, Look, Sentence, sentence
from workflows_app.console.subjects import Subject, subjects
from workflows_app.engine.pausing import is_paused
from workflows_app.errors import SearchTooSlow
from workflows_app.keyset import Cursor
from workflows_app.models import Process, ProcessEvent, ProcessStep
from workflows_app.patience import patience
from workflows_app.search import sees_subscriptions
from workflows_app.selection import ALL, STATUSES, UNFINISHED, with_status
from workflows_app.statuses import FAILURES, FINAL, ProcessStatus, StepStatus

SIZE = 50
# What needs the reader, what has failed, what else is unfinished, and what has ended.
_PARTS: Mapping[str, Sequence[tuple[frozenset[ProcessStatus], Q]]] = {
    "": (
        (frozenset({ProcessStatus.SUSPENDED}), Q(needs_me=True)),
        (FAILURES, Q()),
        (UNFINISHED - FAILURES, Q(needs_me=False)),
        (FINAL, Q()),
    ),
    "newest": ((ALL, Q()),),
}


class Key(NamedTuple):
    """What is read of a row first: enough to tell whether its line has changed."""

    pk: UUID
    status: str
    modified_at: datetime
    next_step: str
    note: str
    needs_me: bool
    due_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One process in a list."""

    process: Process
    look: Look
    sentence: Sentence
    since: Moment
    subject: Subject | None = None
    can: str = ""  # What may be done to it, as far as its status and the permissions tell.

    @property
    def says(self) -> str:
        """The sentence as plain text."""
        parts = (part.text if isinstance(part, Moment) else part for part in self.sentence)
        return "".join(parts)


@dataclass(frozen=True)
class Listing:
    """One page of the list: first what tells whether it changed, then, if asked, its lines."""

    keys: list[Key]
    user: Any
    paused: bool
    open_steps: list[ProcessStep]
    previous: Cursor | None = None
    next: Cursor | None = None
    counts: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""

    @property
    def tag(self) -> str:
        """An entity tag: it changes when a line would."""
        now = timezone.now()
        keys = [_without_lease(key, now) for key in self.keys]
        steps = [(s.pk, s.attempt, s.progress) for s in self.open_steps]
        ends = (str(self.previous), str(self.next))
        return tag_of(keys, ends, self.paused, steps, sorted(self.counts.items()))

    def lines(self) -> list[Line]:
        """Return the lines in order. Three queries."""
        needs_me = {key.pk: key.needs_me for key in self.keys}
        found = Process.objects.select_related("workflow").in_bulk(list(needs_me))
        facts = Facts(
            now=timezone.now(),
            paused=self.paused,
            open_steps={(step.process_id, step.path): step for step in self.open_steps},
            aborts=aborts([pk for pk in found if found[pk].status == ProcessStatus.ABORTED]),
        )
        about = subjects(found) if sees_subscriptions(self.user) else {}
        permitted = bulk.permitted(self.user)
        lines = []
        for pk in filter(found.__contains__, needs_me):
            process = found[pk]
            process.needs_me = needs_me[pk]  # type: ignore[attr-defined]
            lines.append(_line(process, facts, about.get(pk), permitted))
        return lines


def listing(filters: Filters, user: Any) -> Listing:
    """Return one page of the processes that fit the filters; without rows if that takes long."""
    try:
        page, trouble = _page(filters, user), ""
    except SearchTooSlow as error:
        page, trouble = keyset.Page([]), sentence_of(error)
    return Listing(
        keys=page.rows,
        user=user,
        paused=is_paused(),
        open_steps=_open_steps([key.pk for key in page.rows]),
        previous=page.previous,
        next=page.next,
        counts=counts(filters, user),
        trouble=trouble,
    )


def parts(
    rows: QuerySet[Process], sort: str = "", statuses: frozenset[ProcessStatus] = ALL
) -> list[QuerySet[Process, Key] | None]:
    """Return the parts of a list, each to be read newest first. See Note [Pages].

    Args:
        rows: with ``needs_me``.
        statuses: those that the rows can have, so that parts without any are not looked for.
    """
    found = [
        with_status(rows, of_part).filter(narrowing).values_list(*Key._fields, named=True)
        if of_part & statuses
        else None
        for of_part, narrowing in _PARTS[sort]
    ]
    return cast("list[QuerySet[Process, Key] | None]", found)  # Tuples with these names.


def lines_of(keys: list[Key], user: Any) -> list[Line]:
    """Return the lines of rows that were read otherwise than for a page."""
    open_steps = _open_steps([key.pk for key in keys])
    return Listing(keys=keys, user=user, paused=is_paused(), open_steps=open_steps).lines()


def aborts(ids: Sequence[UUID]) -> dict[UUID, ProcessEvent]:
    """Return who aborted which process. One query."""
    events = ProcessEvent.objects.filter(process__in=ids, action="aborted").order_by("pk")
    return {event.process_id: event for event in events if event.process_id}


def _line(
    process: Process, facts: Facts, subject: Subject | None, permitted: list[bulk.Verb]
) -> Line:
    return Line(
        process=process,
        look=LOOKS[process.status],
        sentence=sentence(process, facts),
        since=Moment(process.created_at, facts.now),
        subject=subject,
        can=" ".join(verb for verb in permitted if bulk.fits(verb, process)),
    )


def _page(filters: Filters, user: Any) -> keyset.Page[Key]:
    with patience() if filters.q else nullcontext():
        found = parts(filters.rows(user), filters.sort, STATUSES[filters.status])
        at = keyset.cursor(filters.cursor)
        return keyset.page(found, by="created_at", size=SIZE, at=at)


def _open_steps(ids: Iterable[UUID]) -> list[ProcessStep]:
    parked = [StepStatus.AWAITING_CALLBACK, StepStatus.WAITING]
    rows = ProcessStep.objects.filter(process__in=ids, status__in=parked, superseded=False)
    columns = ("process_id", "path", "attempt", "progress")
    return list(rows.only(*columns).order_by("position"))


def _without_lease(key: Key, now: datetime) -> tuple[Any, ...]:
    """Replace the end of a running process's lease, which is not shown, by whether it is over."""
    if key.status != ProcessStatus.RUNNING or key.due_at is None:
        return key
    return (*key._replace(due_at=None), key.due_at < now)
