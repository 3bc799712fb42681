"""Lease out deliveries that are due, and write down what became of them.

``due_at`` moves to the end of the lease with the claim: if whoever sends it dies, it is due again,
under the same id. ``attempts`` is the fence: a sender that was slow does not write over the next.
"""

import logging
import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as marked

from workflows_app.models import (
    Channel,
    Delivery,
    DeliveryStatus,
    NoticeKind,
    ProcessStep,
    WebhookEndpoint,
)
from workflows_app.notices.audience import may_hear
from workflows_app.statuses import StepStatus

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # Longer than any sending takes.
FIRST_PAUSE = timedelta(seconds=10)
GROWTH = 4
LONGEST_PAUSE = timedelta(hours=4)
JITTER = 0.2  # Of the pause, either way.
GIVEN_UP_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Result:
    """What one try led to."""

    delivered: bool
    text: str
    gone: bool = False  # The receiver wants no more.


def claim(channel: Channel, limit: int, *, busy: Collection[int | None] = ()) -> list[Delivery]:
    """Lease up to ``limit`` deliveries that are due, one for each endpoint.

    Args:
        busy: endpoints that are being sent to; the next one waits, whatever hangs.
    """
    now = timezone.now()
    due = Delivery.objects.filter(due_at__lte=now, channel=channel)
    due = due.exclude(endpoint__in=[pk for pk in busy if pk]).order_by("due_at", "pk")
    claimed: list[Delivery] = []
    for delivery in due.select_related(
        "notice__process__workflow", "user__preferences", "endpoint"
    )[:limit]:
        taken = {one.endpoint_id for one in claimed if one.endpoint_id}
        if delivery.endpoint_id not in taken and _lease(delivery, now):
            claimed.append(delivery)
    return claimed


def _lease(delivery: Delivery, now: datetime) -> bool:
    mine = _held(delivery).filter(due_at=delivery.due_at)
    if not mine.update(due_at=now + LEASE, attempts=F("attempts") + 1):
        return False
    delivery.attempts += 1
    return True


def needless(delivery: Delivery) -> str:
    """Return why the delivery need not be sent any more, or "". Looked at before every try."""
    notice, endpoint = delivery.notice, delivery.endpoint
    if endpoint is not None and not endpoint.enabled:
        return marked("the endpoint is disabled")
    if notice.kind == NoticeKind.NEEDS_INPUT and not still_asked(delivery):
        return marked("answered before it was sent")
    if not may_hear(delivery.user, notice):
        return marked("no longer allowed to see it")
    return ""


def still_asked(delivery: Delivery) -> bool:
    """Return whether the form that the notice tells of is still open."""
    notice = delivery.notice
    asking = ProcessStep.objects.filter(process=notice.process_id, status=StepStatus.SUSPENDED)
    return asking.filter(position=notice.position or 0).exists()


def drop(delivery: Delivery, why: str) -> None:
    """End a delivery that nobody needs any more."""
    _end(delivery, DeliveryStatus.DROPPED, why, at=timezone.now())


@transaction.atomic
def settle(delivery: Delivery, result: Result) -> None:
    """Write down what a try led to: delivered, to be tried again, or given up."""
    now = timezone.now()
    if delivery.endpoint_id:
        remember(delivery.endpoint_id, result, at=now)
    pause = pause_after(delivery.attempts)
    if result.delivered:
        _end(delivery, DeliveryStatus.DELIVERED, result.text, at=now)
    elif result.gone or now + pause > delivery.created_at + GIVEN_UP_AFTER:
        logger.warning(
            "A notice was given up",
            extra={"delivery": delivery.pk, "channel": delivery.channel, "result": result.text},
        )
        _end(delivery, DeliveryStatus.GIVEN_UP, result.text, at=now)
    else:
        _held(delivery).update(due_at=now + pause, result=result.text)


def remember(endpoint_id: int, result: Result, *, at: datetime) -> None:
    """Show with the endpoint what the last try led to; disable it if it wants no more."""
    WebhookEndpoint.objects.filter(pk=endpoint_id).update(
        last_at=at, last_result=result.text, last_worked=result.delivered
    )
    if result.gone:
        WebhookEndpoint.objects.filter(pk=endpoint_id).update(
            enabled=False, disabled_because=result.text
        )


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many tries: longer each time, and never quite the same."""
    growth: int = GROWTH ** min(attempts - 1, 10)
    pause = min(FIRST_PAUSE * growth, LONGEST_PAUSE)
    return pause * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret.


def _end(delivery: Delivery, status: DeliveryStatus, text: str, *, at: datetime) -> None:
    _held(delivery).update(status=status, result=text, due_at=None, done_at=at)


def _held(delivery: Delivery) -> QuerySet[Delivery]:
    held = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts)
    return held.filter(status=DeliveryStatus.PENDING)
