"""How the engine does: whether it is paused, who works, and what waits for a worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from workflows_app.console.needs import MOST, capped
from workflows_app.models import EngineSettings, Process, Schedule, Worker
from workflows_app.models.engine import SILENT_SECONDS


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the engine at one moment."""

    pause: EngineSettings | None
    alive: int
    silent: list[str]
    slots: int
    due: int
    oldest: datetime | None
    refused: int = 0  # Schedules whose last start was refused.

    @property
    def facts(self) -> tuple[object, ...]:
        """What an entity tag is made of."""
        pause = self.pause and (self.pause.changed_by, self.pause.changed_at, self.pause.reason)
        return (pause, self.alive, self.silent, self.slots, self.due, self.oldest, self.refused)

    @property
    def queue(self) -> str:
        """How many processes a worker could claim now."""
        return capped(self.due)


def health() -> Health:
    """Return how the engine does. Four queries."""
    now = timezone.now()
    workers = list(Worker.objects.order_by("name"))
    alive = [row for row in workers if row.seen_at > now - timedelta(seconds=SILENT_SECONDS)]
    due = _due(now)
    return Health(
        pause=EngineSettings.objects.filter(global_lock=True).first(),
        alive=len(alive),
        silent=[row.name for row in workers if row not in alive],
        slots=sum(row.slots for row in alive),
        due=len(due),
        oldest=due[0] if due else None,
        refused=Schedule.objects.filter(refusals__gt=0, paused_at=None).count(),
    )


def _due(now: datetime) -> Sequence[datetime]:
    rows = Process.objects.filter(due_at__lte=now).order_by("due_at")
    return [at for at in rows.values_list("due_at", flat=True)[:MOST] if at]
