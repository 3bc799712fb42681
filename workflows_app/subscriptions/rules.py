"""Why a workflow cannot be started on a subscription, in words; and on which it can."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db.models import Q, QuerySet

from workflows_app import locks
from workflows_app.definition import Usable
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import Subscription

_NAMED = 5  # Other subscriptions that a sentence names.


def usable(workflow_name: str, rule: Usable) -> QuerySet[Subscription]:
    """Return the subscriptions on which the workflow may be started, as far as one row tells."""
    rows = Subscription.objects.filter(
        product__workflows__name=workflow_name, status__in=rule.statuses
    )
    return rows if rule.out_of_sync else rows.filter(insync=True)


def refusal(
    workflow_name: str,
    rule: Usable,
    row: Subscription,
    *,
    version: int | None = None,
    holder: UUID | None = None,
) -> str:
    """Return why the workflow cannot be started on the subscription; "" if it can.

    Args:
        version: the one that the caller has seen; None if any will do.
        holder: the process that may have locked it.
    """
    return next(_refusals(workflow_name, rule, row, version, holder), "")


def _refusals(
    workflow_name: str, rule: Usable, row: Subscription, version: int | None, holder: UUID | None
) -> Iterator[str]:
    if not row.product.workflows.filter(name=workflow_name).exists():
        yield f"{workflow_name} is not a workflow of the product {row.product.name}."
    if row.status not in rule.statuses:
        wanted = " or ".join(status for status in SubscriptionLifecycle if status in rule.statuses)
        yield f"The subscription is {row.status}; {workflow_name} is for those that are {wanted}."
    if version is not None and version != row.version:
        yield f"The subscription has changed: its version is {row.version}, not {version}."
    held = holder is not None and row.locked_by_id == holder
    if not (row.insync or held or rule.out_of_sync):
        yield _sentence(locks.why_out_of_sync(row))
    users = list(_others(row, relations__depends_on__subscription=row)) if not rule.in_use else []
    if users:
        yield f"Other subscriptions use this one: {_names(users)}."
    if not rule.related_out_of_sync:
        yield from _related(row)


def _related(row: Subscription) -> Iterator[str]:
    uses = _others(row, instances__incoming__subscription=row)
    used_by = _others(row, relations__depends_on__subscription=row)
    changing = sorted({*uses.filter(insync=False), *used_by.filter(insync=False)}, key=str)
    if changing:
        yield f"Related subscriptions are out of sync: {_names(changing)}."


def _others(row: Subscription, **related: Subscription) -> QuerySet[Subscription]:
    """Return the other subscriptions that are not over."""
    living = ~Q(status=SubscriptionLifecycle.TERMINATED) & ~Q(pk=row.pk)
    return Subscription.objects.filter(living, **related).distinct()


def _names(rows: Iterable[Subscription]) -> str:
    listed = [f"{row.description} ({row.pk})" for row in rows]
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
