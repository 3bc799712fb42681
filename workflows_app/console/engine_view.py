"""What the engine page shows: whether it runs, who works on what, and what waits."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import QuerySet

from workflows_app import versions
from workflows_app.console.needs import MOST, capped
from workflows_app.console.pages import tag_of
from workflows_app.models import EngineSettings, Process, ProcessEvent, Worker
from workflows_app.models.engine import SILENT_SECONDS
from workflows_app.statuses import ProcessStatus

MOST_RUNNING = 500  # Processes that the page names; there are no more than slots.
_SEEN_SECONDS = 10  # How much older "last seen" may be on a page than it is.


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """One worker and what it runs."""

    row: Worker
    runs: Sequence[Process]
    silent: bool
    other_code: bool


@dataclass
class EngineView:
    """The state of the engine at one moment. Six queries, whatever there is."""

    now: datetime

    @cached_property
    def settings(self) -> EngineSettings:
        return EngineSettings.objects.first() or EngineSettings()

    @property
    def paused(self) -> bool:
        return self.settings.global_lock

    @property
    def since(self) -> datetime | None:
        """When it was paused, or went on; None if it was never paused."""
        return self.settings.paused_at if self.paused else self.settings.unpaused_at

    @cached_property
    def running(self) -> Sequence[Process]:
        claimed = Process.objects.filter(status=ProcessStatus.RUNNING).exclude(worker="")
        return list(claimed.select_related("workflow").order_by("modified_at")[:MOST_RUNNING])

    @cached_property
    def workers(self) -> Sequence[WorkerLine]:
        by_worker: dict[str, list[Process]] = defaultdict(list)
        for process in self.running:
            by_worker[process.worker].append(process)
        quiet_since = self.now - timedelta(seconds=SILENT_SECONDS)
        return [
            WorkerLine(
                row,
                by_worker[row.name],
                silent=row.seen_at < quiet_since,
                other_code=bool(row.code) and row.code != versions.code(),
            )
            for row in Worker.objects.order_by("host", "pid")
        ]

    @property
    def alive(self) -> bool:
        return any(not worker.silent for worker in self.workers)

    @property
    def any_silent(self) -> bool:
        return any(worker.silent for worker in self.workers)

    @property
    def any_other_code(self) -> bool:
        return any(worker.other_code for worker in self.workers)

    @cached_property
    def orphans(self) -> Sequence[Process]:
        """What is claimed by workers that are not in the list."""
        names = {worker.row.name for worker in self.workers}
        return [process for process in self.running if process.worker not in names]

    @cached_property
    def _due(self) -> Sequence[datetime]:
        rows = runnable(self.now).order_by("due_at").values_list("due_at", flat=True)
        return [at for at in rows[:MOST] if at]

    @property
    def queued(self) -> str:
        """How many processes a worker could claim now; many are not counted to the end."""
        return capped(len(self._due))

    @property
    def oldest(self) -> datetime | None:
        return self._due[0] if self._due else None

    @cached_property
    def next_due(self) -> datetime | None:
        """When a process is due next that is not claimed and not due yet."""
        rows = Process.objects.filter(due_at__gt=self.now).exclude(status=ProcessStatus.RUNNING)
        return rows.order_by("due_at").values_list("due_at", flat=True).first()

    @cached_property
    def pauses(self) -> Sequence[ProcessEvent]:
        rows = ProcessEvent.objects.filter(action__in=["engine paused", "engine unpaused"])
        return list(rows.order_by("-at", "-pk")[:10])

    @property
    def versions(self) -> dict[str, str]:
        return versions.versions()

    @property
    def tag(self) -> str:
        """An entity tag: it changes when the page would."""
        state = (self.paused, self.settings.changed_at, self.queued, self.oldest, self.next_due)
        workers = [
            (
                worker.row.name,
                worker.row.slots,
                worker.silent,
                int(worker.row.seen_at.timestamp()) // _SEEN_SECONDS,
            )
            for worker in self.workers
        ]
        runs = [(process.pk, process.worker, process.next_step) for process in self.running]
        return tag_of(state, workers, runs, [event.pk for event in self.pauses])


def runnable(now: datetime) -> QuerySet[Process]:
    """Return what a worker could claim now. Of what runs, that is what has lost its worker."""
    return Process.objects.filter(due_at__lte=now)
