"""The lines of the process list. The number of queries does not depend on the number of lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone

from workflows_app.console.filters import UNFINISHED, Filters
from workflows_app.console.moments import Moment
from workflows_app.console.pages import tag_of
from workflows_app.console.sentences import LOOKS, Facts, Look, Sentence, sentence
from workflows_app.engine.pausing import is_paused
from workflows_app.models import Process, ProcessEvent, ProcessStep
from workflows_app.statuses import FAILURES, FINAL, ProcessStatus, StepStatus

SIZE = 50
_SHOWN = ("pk", "status", "modified_at", "next_step", "note", "needs_me", "due_at")
_ATTENTION = Case(
    When(needs_me=True, then=Value(0)),
    When(status__in=FAILURES, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One process in a list."""

    process: Process
    look: Look
    sentence: Sentence
    since: Moment


@dataclass(frozen=True)
class Listing:
    """One page of the list: first what tells whether it changed, then, if asked, its lines."""

    keys: list[tuple[Any, ...]]
    more: bool
    paused: bool
    open_steps: list[ProcessStep]

    @property
    def tag(self) -> str:
        """An entity tag: it changes when a line would."""
        now = timezone.now()
        keys = [_without_lease(key, now) for key in self.keys]
        steps = [(s.pk, s.attempt, s.progress) for s in self.open_steps]
        return tag_of(keys, self.more, self.paused, steps)

    def lines(self) -> list[Line]:
        """Return the lines in order. Two queries."""
        needs_me = {key[0]: key[5] for key in self.keys}
        found = Process.objects.select_related("workflow").in_bulk(list(needs_me))
        facts = Facts(
            now=timezone.now(),
            paused=self.paused,
            open_steps={(step.process_id, step.path): step for step in self.open_steps},
            aborts=aborts([pk for pk in found if found[pk].status == ProcessStatus.ABORTED]),
        )
        lines = []
        for pk in filter(found.__contains__, needs_me):
            process = found[pk]
            process.needs_me = needs_me[pk]  # type: ignore[attr-defined]
            since = Moment(process.created_at, facts.now)
            lines.append(Line(process, LOOKS[process.status], sentence(process, facts), since))
        return lines


def listing(filters: Filters, user: Any) -> Listing:
    """Return one page of the processes that fit the filters."""
    keys = _keys(filters, user)
    shown = keys[:SIZE]
    return Listing(
        keys=shown,
        more=len(keys) > SIZE,
        paused=is_paused(),
        open_steps=_open_steps([key[0] for key in shown]),
    )


def aborts(ids: Sequence[UUID]) -> dict[UUID, ProcessEvent]:
    """Return who aborted which process. One query."""
    events = ProcessEvent.objects.filter(process__in=ids, action="aborted").order_by("pk")
    return {event.process_id: event for event in events if event.process_id}


def _keys(filters: Filters, user: Any) -> list[tuple[Any, ...]]:
    """Return the page's rows and one more, if there is one.

    What is open comes first and is little; what has ended follows, newest first, read from an
    index: so nothing is counted, and the long table is never sorted.
    """
    rows, offset = filters.apply(user), (filters.page - 1) * SIZE
    if filters.sort == "newest":
        return _slice(rows.order_by("-created_at", "-pk"), offset, SIZE + 1)
    unfinished = rows.filter(status__in=UNFINISHED).annotate(attention=_ATTENTION)
    keys = _slice(unfinished.order_by("attention", "-created_at", "-pk"), offset, SIZE + 1)
    if len(keys) <= SIZE:
        passed = 0 if keys or not offset else unfinished.count()
        finished = rows.filter(status__in=FINAL).order_by("-created_at", "-pk")
        keys += _slice(finished, offset - passed if passed else 0, SIZE + 1 - len(keys))
    return keys


def _slice(rows: QuerySet[Process], offset: int, size: int) -> list[tuple[Any, ...]]:
    return list(rows.values_list(*_SHOWN)[offset : offset + size])


def _open_steps(ids: Sequence[UUID]) -> list[ProcessStep]:
    parked = [StepStatus.AWAITING_CALLBACK, StepStatus.WAITING]
    rows = ProcessStep.objects.filter(process__in=ids, status__in=parked, superseded=False)
    columns = ("process_id", "path", "attempt", "progress")
    return list(rows.only(*columns).order_by("position"))


def _without_lease(key: tuple[Any, ...], now: datetime) -> tuple[Any, ...]:
    """Replace the end of a running process's lease, which is not shown, by whether it is over."""
    return (*key[:-1], key[-1] < now) if key[1] == ProcessStatus.RUNNING else key
