"""Write a delivery for everybody who wants to hear of a notice: once, whoever tries."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from workflows_app.authors import authors_code
from workflows_app.errors import AuthorsMistake
from workflows_app.models import (
    Channel,
    Delivery,
    DeliveryStatus,
    Notice,
    WebhookEndpoint,
)
from workflows_app.notices.audience import Audience

AT_ONCE = 100


def hand_out() -> int:
    """Hand out the oldest notices; return how many there were.

    Who hears of them is found before anything is locked: authorisers are code of others, and so
    are the backends that know what users may. One that raises holds up its own notice only.
    """
    waiting = Notice.objects.filter(handed_out_at__isnull=True).select_related("process__workflow")
    notices = list(waiting.order_by("at", "pk")[:AT_ONCE])
    if not notices:
        return 0
    audience, unwanted, trouble = Audience(), [], None
    for notice in notices:
        try:
            with authors_code("the audience of a notice"):
                deliveries = _deliveries(notice, audience.of(notice))
        except AuthorsMistake as error:
            trouble = error  # Raised again when the others are served.
            continue
        if deliveries:
            _write(notice, deliveries)
        else:
            unwanted.append(notice.pk)
    Notice.objects.filter(pk__in=unwanted, handed_out_at__isnull=True).delete()
    if trouble is not None:
        raise trouble
    return len(notices)


@transaction.atomic
def _write(notice: Notice, deliveries: list[Delivery]) -> None:
    """Write the deliveries, unless somebody else has done so since we looked."""
    mine = Notice.objects.filter(pk=notice.pk, handed_out_at__isnull=True)
    if mine.update(handed_out_at=timezone.now()):
        Delivery.objects.bulk_create(deliveries)


def _deliveries(notice: Notice, people: Iterable[tuple[Any, Channel]]) -> list[Delivery]:
    now = timezone.now()
    made = []
    for user, channel in people:
        if channel == Channel.BROWSER:  # It has arrived: the console shows it from now on.
            made.append(
                Delivery(
                    notice=notice,
                    user=user,
                    channel=channel,
                    status=DeliveryStatus.DELIVERED,
                    due_at=None,
                    done_at=now,
                )
            )
        elif channel == Channel.WEBHOOK:
            endpoints = WebhookEndpoint.objects.filter(user=user, enabled=True).order_by("pk")
            made += [
                Delivery(notice=notice, user=user, channel=channel, endpoint=endpoint)
                for endpoint in endpoints
            ]
        elif user.email:
            made.append(Delivery(notice=notice, user=user, channel=channel))
    return made
