"""What a process is about: the subscriptions that it concerns, in few words."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max, Min, Window
from django.db.models.functions import RowNumber

from workflows_app.models import ProcessSubscription


@dataclass(frozen=True, slots=True)
class Subject:
    """The first of a process's subscriptions, and how many more there are."""

    subscription_id: UUID
    description: str
    customer: str
    product: str
    more: int
    other_customers: bool


def subjects(process_ids: Iterable[UUID]) -> dict[UUID, Subject]:
    """Return what each process is about, if anything. One query, one row of it a process."""
    links = ProcessSubscription.objects.filter(process__in=process_ids).annotate(
        place=Window(RowNumber(), partition_by="process", order_by="pk"),
        total=Window(Count("pk"), partition_by="process"),
        least=Window(Min("subscription__customer_id"), partition_by="process"),
        greatest=Window(Max("subscription__customer_id"), partition_by="process"),
    )
    rows = links.filter(place=1).values_list(
        "process",
        "subscription",
        "subscription__description",
        "subscription__customer_id",
        "subscription__product__name",
        "total",
        "least",
        "greatest",
    )
    return {
        row[0]: Subject(*row[1:5], more=row[5] - 1, other_customers=row[6] != row[7])
        for row in rows
    }
