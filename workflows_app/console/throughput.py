"""What the last 24 hours led to, hour by hour, and how that is drawn.

A process counts when it completed, a failure when its step failed: also one that has been repaired
since, or that its process was aborted after, because it did happen then. A try that the step's own
policy repeats is not over, and counts only if it is the last. Both are read from an index of just
such rows by time.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from workflows_app.models import Process, ProcessStep
from workflows_app.statuses import ProcessStatus, StepStatus

HOURS = 24
FRESH_SECONDS = 10  # For so long every reader is shown the same count.
HEIGHT, LOWEST, STEP = 48, 2, 10  # Of the drawing, of a bar, and from hour to hour; its own units.


@dataclass(frozen=True, slots=True)
class Bar:
    """One of the two bars of an hour, in the units of the drawing."""

    kind: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Hour:
    """What an hour led to."""

    begins_at: datetime
    completed: int
    failed: int
    x: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Throughput:
    """What each of the last hours led to, the one that is not over last."""

    hours: list[Hour]
    completed: int
    failed: int


def throughput() -> Throughput:
    """Return what the last 24 hours led to. Two queries, or none if somebody asked lately."""
    now = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    begin = now - timedelta(hours=HOURS - 1)
    key = f"workflows:throughput:{now:%Y%m%d%H}"
    counted = cache.get(key)
    if counted is None:
        counted = _count(begin)
        cache.set(key, counted, FRESH_SECONDS)
    completed, failed = Counter(counted["completed"]), Counter(counted["failed"])
    starts = [begin + timedelta(hours=number) for number in range(HOURS)]
    most = max([1, *(completed[start] + failed[start] for start in starts)])
    hours = [
        Hour(
            begins_at=start,
            completed=completed[start],
            failed=failed[start],
            x=place * STEP,
            bars=_bars(completed[start], failed[start], most),
        )
        for place, start in enumerate(starts)
    ]
    return Throughput(hours, completed.total(), failed.total())


def _count(begin: datetime) -> dict[str, dict[datetime, int]]:
    completed = Process.objects.filter(status=ProcessStatus.COMPLETED, finished_at__gte=begin)
    failed = ProcessStep.objects.filter(status=StepStatus.FAILED, completed_at__gte=begin)
    return {
        "completed": _by_hour(completed, "finished_at"),
        "failed": _by_hour(failed, "completed_at"),
    }


def _by_hour(rows: QuerySet[Any], column: str) -> dict[datetime, int]:
    hours = rows.annotate(hour=TruncHour(column, tzinfo=UTC)).values("hour")
    return dict(hours.annotate(number=Count("pk")).order_by().values_list("hour", "number"))


def _bars(completed: int, failed: int, most: int) -> tuple[Bar, ...]:
    """Stack the failures on top; what there is of something is never too low to be seen."""
    bottom, bars = HEIGHT, []
    for kind, number in (("completed", completed), ("failed", failed)):
        if number:
            height = max(LOWEST, (HEIGHT - 2 * LOWEST) * number // most)
            bottom -= height
            bars.append(Bar(kind, bottom, height))
    return tuple(bars)
