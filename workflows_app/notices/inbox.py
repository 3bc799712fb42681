"""What a person was told in the browser: what is new, and what others have seen to meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from workflows_app.models import (
    Channel,
    Delivery,
    NoticeKind,
    ProcessEvent,
    ProcessStep,
)
from workflows_app.statuses import StepStatus

MOST = 100  # Nobody needs to know how many more are unread.


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who saw to what a notice asks for, and when."""

    by: str
    at: datetime | None
    aborted: bool = False


def inbox(user: Any) -> QuerySet[Delivery]:
    """Return all that the person was told in the browser."""
    rows = Delivery.objects.filter(user=user, channel=Channel.BROWSER)
    rows = rows.select_related("notice__process__workflow")
    return rows.defer("notice__process__definition", "notice__process__failed_reason")


def unread(user: Any) -> QuerySet[Delivery]:
    """Return what is new. A form that somebody has answered is not."""
    asking = ProcessStep.objects.filter(
        process=OuterRef("notice__process"),
        position=OuterRef("notice__position"),
        status=StepStatus.SUSPENDED,
    )
    open_ = ~Q(notice__kind=NoticeKind.NEEDS_INPUT) | Exists(asking)
    return inbox(user).filter(open_, read_at__isnull=True)


def mark_read(user: Any, *, up_to: int | None = None, only: int | None = None) -> int:
    """Mark as read one delivery, or all up to one; return how many were not."""
    rows = Delivery.objects.filter(user=user, channel=Channel.BROWSER, read_at__isnull=True)
    rows = rows.filter(pk=only) if only is not None else rows.filter(pk__lte=up_to or 0)
    return rows.update(read_at=timezone.now())


def resolutions(rows: Sequence[Delivery]) -> Mapping[int, Resolution]:
    """Return who answered the forms that ``rows`` tell of, by delivery. Two queries."""
    asked = [row for row in rows if row.notice.kind == NoticeKind.NEEDS_INPUT]
    processes = {row.notice.process_id for row in asked}
    steps = ProcessStep.objects.filter(
        process__in=processes, position__in={row.notice.position for row in asked}
    ).exclude(status=StepStatus.SUSPENDED)
    columns = ("process_id", "position", "status", "by", "completed_at")
    closed = {(one[0], one[1]): one for one in steps.values_list(*columns)}
    events = ProcessEvent.objects.filter(process__in=processes, action="aborted").order_by("pk")
    aborts = dict(events.values_list("process_id", "actor"))
    found = {}
    for row in asked:
        process = row.notice.process_id
        if (process, row.notice.position) in closed:
            *_, status, by, at = closed[process, row.notice.position]
            aborted = status == StepStatus.ABORTED
            found[row.pk] = Resolution(aborts.get(process, "") if aborted else by, at, aborted)
    return found
