"""Why a workflow cannot be started on a subscription, in words; and on which it can."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from workflows_app import locks
from workflows_app.definition import Usable
from workflows_app.lifecycle import SubscriptionLifecycle, lifecycle_word
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
        text = _("%(workflow)s is not a workflow of the product %(product)s.")
        yield text % {"workflow": workflow_name, "product": row.product.name}
    if row.status not in rule.statuses:
        yield _wrong_status(workflow_name, rule, row)
    if version is not None and version != row.version:
        text = _("The subscription has changed: its version is %(actual)s, not %(given)s.")
        yield text % {"actual": row.version, "given": version}
    if not _lockable(rule, row, holder):
        yield _sentence(locks.why_out_of_sync(row))
    users = list(_others(row, relations__depends_on__subscription=row)) if not rule.in_use else []
    if users:
        yield _("Other subscriptions use this one: %(names)s.") % {"names": _names(users)}
    if not rule.related_out_of_sync:
        yield from _related(row)


def _lockable(rule: Usable, row: Subscription, holder: UUID | None) -> bool:
    """Whether the step that locks the subscription will get it, as things stand."""
    held = holder is not None and row.locked_by_id == holder
    if row.insync or held or rule.at_work:
        return True
    return rule.out_of_sync and not locks.at_work(row.locked_by)


def _wrong_status(workflow_name: str, rule: Usable, row: Subscription) -> str:
    statuses = [
        lifecycle_word(status) for status in SubscriptionLifecycle if status in rule.statuses
    ]
    text = _("The subscription is %(status)s; %(workflow)s is for those that are %(wanted)s.")
    wanted = _(" or ").join(statuses)
    return text % {
        "status": lifecycle_word(row.status),
        "workflow": workflow_name,
        "wanted": wanted,
    }


def _related(row: Subscription) -> Iterator[str]:
    uses = _others(row, instances__incoming__subscription=row)
    used_by = _others(row, relations__depends_on__subscription=row)
    changing = sorted({*uses.filter(insync=False), *used_by.filter(insync=False)}, key=str)
    if changing:
        text = _("Related subscriptions are out of sync: %(names)s.")
        yield text % {"names": _names(changing)}


def _others(row: Subscription, **related: Subscription) -> QuerySet[Subscription]:
    """Return the other subscriptions that are not over."""
    living = ~Q(status=SubscriptionLifecycle.TERMINATED) & ~Q(pk=row.pk)
    return Subscription.objects.filter(living, **related).distinct()


def _names(rows: Iterable[Subscription]) -> str:
    listed = [f"{row.description} ({row.pk})" for row in rows]
    names = ", ".join(listed[:_NAMED])
    if len(listed) <= _NAMED:
        return names
    return _("%(names)s and %(count)s more") % {"names": names, "count": len(listed) - _NAMED}


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
