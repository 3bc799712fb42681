"""What the page of a process shows of it, to one user; and what tells whether that has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import takewhile
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from workflows_app import policy
from workflows_app.console.advice import Advice, advice
from workflows_app.console.consequences import WORDS, Words, definition_of, is_stranded
from workflows_app.console.graph import Drawing, drawings
from workflows_app.console.listing import aborts
from workflows_app.console.pages import tag_of
from workflows_app.console.related import MOST_SUBSCRIPTIONS
from workflows_app.console.retrying import retry_points
from workflows_app.console.sentences import LOOKS, Facts, Look, Sentence, sentence
from workflows_app.console.timeline import Entry, Group, grouped, timeline
from workflows_app.console.whereabouts import in_words, spots
from workflows_app.definition import Snapshot
from workflows_app.errors import UnknownProcess
from workflows_app.models import (
    EngineSettings,
    Process,
    ProcessEvent,
    ProcessStep,
    Subscription,
)
from workflows_app.policy import Action
from workflows_app.statuses import FINAL, ProcessStatus

HEARTBEAT_SECONDS = 5  # How often "last heard" is looked at while a callback is open.
MOST_EVENTS = 200
_WHOLE = ("pk", "status", "attempt", "completed_at", "superseded", "progress")
_LONG_PARKED = timedelta(minutes=10)
_MOVING = frozenset({ProcessStatus.CREATED, ProcessStatus.RESUMED, ProcessStatus.RUNNING})


def look_at(process_id: UUID) -> Process:
    """Return the process as it stands, with what the page asks about at every poll.

    Raises:
        UnknownProcess: there is none.
    """
    events = ProcessEvent.objects.filter(process=OuterRef("pk")).order_by("-pk").values("pk")
    found = (
        Process.objects.select_related("workflow", "schedule")
        .annotate(
            engine_paused=Exists(EngineSettings.objects.filter(global_lock=True)),
            last_event=Subquery(events[:1]),
        )
        .filter(pk=process_id)
        .first()
    )
    if found is None:
        raise UnknownProcess(process_id)
    return found


@dataclass
class View:
    """What the polled part of the page shows of a process, to one user.

    Attributes:
        known: the position up to which the browser has what the steps changed; it keeps that.
    """

    process: Process
    user: Any
    now: datetime
    known: int = 0

    @cached_property
    def tag(self) -> str:
        """An entity tag: it changes when the part would. Two queries, without patches."""
        process = self.process
        steps = process.steps.order_by("position").values_list(*_WHOLE)
        heard = 0
        if process.status == ProcessStatus.AWAITING_CALLBACK:
            heard = int(self.now.timestamp()) // HEARTBEAT_SECONDS
        moved = (process.status, process.modified_at, process.worker, process.next_step)
        # A lease is renewed all the time; only its end shows.
        due = (process.due_at or self.now) < self.now if process.worker else process.due_at
        other = (process.note, due, process.last_event)  # type: ignore[attr-defined]
        held = [(row.pk, row.description, row.locked_by_id) for row in self.subscriptions]
        return tag_of(
            moved, other, self.paused, heard, self.period, self.user.pk, held, list(steps)
        )

    @property
    def paused(self) -> bool:
        """Whether the engine is paused."""
        return bool(self.process.engine_paused)  # type: ignore[attr-defined]

    @property
    def live(self) -> bool:
        """Whether anything can still change: if not, the page stops asking."""
        return self.process.status not in FINAL or self.process.due_at is not None

    @property
    def period(self) -> str:
        """How often the page asks: twice a second while steps run, rarely when long parked."""
        if self.process.status in _MOVING or self.process.is_final:
            return "500ms"
        return "1s" if self.now - self.process.modified_at < _LONG_PARKED else "3s"

    @cached_property
    def rows(self) -> Sequence[ProcessStep]:
        """What is recorded of its steps, in order."""
        return list(self.process.steps.order_by("position"))

    @property
    def settled(self) -> int:
        """The position up to which what the steps changed can change no more."""
        ended = takewhile(lambda row: row.completed_at is not None, self.rows[:-1])
        return sum(1 for _row in ended)

    @cached_property
    def entries(self) -> list[Entry]:
        """The steps of the timeline."""
        return timeline(self.process, self.rows, self.now, self._cleanup)

    @property
    def _cleanup(self) -> Snapshot:
        if self.process.status != ProcessStatus.ABORTED or not self.process.next_step:
            return []
        definition = definition_of(self.process)
        return definition.cleanup_snapshot() if definition else []

    @cached_property
    def groups(self) -> list[Group]:
        """The steps of the timeline, by their groups."""
        return grouped(self.entries)

    @cached_property
    def drawings(self) -> list[Drawing]:
        """The workflow as a graph, once for each width of a page."""
        return drawings(*spots(self.process, self.entries))

    @property
    def position(self) -> str:
        """Where the process is, in words."""
        return in_words(self.process, self.entries)

    @cached_property
    def subscriptions(self) -> Sequence[Subscription]:
        """Those that the process concerns, if the user may look at them."""
        if not self.user.has_perm("workflows_app.view_subscription"):
            return []
        rows = self.process.subscriptions.order_by("description", "pk")
        return list(rows.only("customer_id", "description", "locked_by_id")[:MOST_SUBSCRIPTIONS])

    @cached_property
    def look(self) -> Look:
        """How its status looks."""
        return LOOKS[self.process.status]

    @cached_property
    def events(self) -> list[ProcessEvent]:
        """The action log, newest first."""
        return list(self.process.events.order_by("-at", "-pk")[:MOST_EVENTS])

    @cached_property
    def sentence(self) -> Sentence:
        """What is going on with it."""
        process = self.process
        process.needs_me = self.answerable  # type: ignore[attr-defined]
        aborted = process.status == ProcessStatus.ABORTED
        facts = Facts(
            now=self.now,
            paused=self.paused,
            open_steps={(process.pk, row.path): row for row in self.rows if not row.superseded},
            aborts=aborts([process.pk]) if aborted else {},
        )
        return sentence(process, facts)

    @cached_property
    def allowed(self) -> list[Action]:
        """What the user may do to it now."""
        allowed = policy.allowed_actions(self.user, self.process)
        if is_stranded(self.process) and policy.may(self.user, "retry", self.process):
            allowed.insert(0, "retry")
        return allowed

    @property
    def advice(self) -> Advice | None:
        """What can be done about the failure of the step where the process stands."""
        current = next((entry.latest for entry in self.entries if entry.current), None)
        if current is None or not current.failed:
            return None
        return advice(self.process, current.row, self.allowed)

    @cached_property
    def retry_points(self) -> list[str]:
        """The steps that the user may go back to."""
        if "retry" not in self.allowed:
            return []
        return policy.retriable(self.user, self.process, retry_points(self.process, self.rows))

    @property
    def answerable(self) -> bool:
        """Whether it waits for a form that the user may answer."""
        return self.process.status == ProcessStatus.SUSPENDED and "resume" in self.allowed

    @property
    def actions(self) -> list[tuple[Action, Words]]:
        """The buttons; a suspended process is resumed, or rejected, at its form."""
        return [
            (action, WORDS[action])
            for action in self.allowed
            if not (action in ("resume", "reject") and self.answerable)
        ]

    @property
    def open_row(self) -> ProcessStep | None:
        """The row of the form that waits, if one does."""
        suspended = [row for row in self.rows if row.status == ProcessStatus.SUSPENDED]
        return suspended[-1] if suspended and self.answerable else None
