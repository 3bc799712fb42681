"""Why a workflow cannot be started on a subscription, in words; and on which it can."""

from collections.abc import Iterator
from functools import cached_property
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from workflows_app import locks
from workflows_app.definition import Usable
from workflows_app.lifecycle import SubscriptionLifecycle, lifecycle_word
from workflows_app.models import InstanceRelation, Subscription

_NAMED = 5  # Other subscriptions that a sentence names.


def usable(workflow_name: str, rule: Usable) -> QuerySet[Subscription]:
    """Return the subscriptions on which the workflow may be started, as far as one row tells."""
    rows = Subscription.objects.filter(
        product__workflows__name=workflow_name, status__in=rule.statuses
    )
    return rows if rule.out_of_sync else rows.filter(insync=True)


class Around:
    """What the rules ask beside the subscription itself: once, for however many workflows."""

    def __init__(self, row: Subscription) -> None:
        self.row = row

    @cached_property
    def workflows(self) -> frozenset[str]:
        """The names of the product's workflows."""
        return frozenset(self.row.product.workflows.values_list("name", flat=True))

    @cached_property
    def users(self) -> str:
        """The subscriptions that use this one, as a sentence names them; "" if there is none."""
        return _names(self._living(pk__in=_using(self.row)))

    @cached_property
    def changing(self) -> str:
        """The related subscriptions that are out of sync, as a sentence names them."""
        related = Q(pk__in=_using(self.row)) | Q(pk__in=_used_by(self.row))
        return _names(self._living(related, insync=False))

    def _living(self, *related: Q, **narrowing: object) -> QuerySet[Subscription]:
        """Return the other subscriptions that are not over."""
        others = Subscription.objects.filter(*related, **narrowing).exclude(pk=self.row.pk)
        return others.exclude(status=SubscriptionLifecycle.TERMINATED)


def refusal(
    workflow_name: str,
    rule: Usable,
    row: Subscription,
    *,
    version: int | None = None,
    holder: UUID | None = None,
    around: Around | None = None,
) -> str:
    """Return why the workflow cannot be started on the subscription; "" if it can.

    Args:
        version: the one that the caller has seen; None if any will do.
        holder: the process that may have locked it.
        around: what was asked for another workflow on the same subscription.
    """
    found = _of_itself(workflow_name, rule, row, version, holder, around or Around(row))
    return next(found, "")


def _of_itself(
    workflow_name: str,
    rule: Usable,
    row: Subscription,
    version: int | None,
    holder: UUID | None,
    around: Around,
) -> Iterator[str]:
    if workflow_name not in around.workflows:
        text = _("%(workflow)s is not a workflow of the product %(product)s.")
        yield text % {"workflow": workflow_name, "product": row.product.name}
    if row.status not in rule.statuses:
        yield _wrong_status(workflow_name, rule, row)
    if version is not None and version != row.version:
        text = _("The subscription has changed: its version is %(actual)s, not %(given)s.")
        yield text % {"actual": row.version, "given": version}
    if not _lockable(rule, row, holder):
        yield _sentence(locks.why_out_of_sync(row))
    yield from _of_others(rule, around)


def _of_others(rule: Usable, around: Around) -> Iterator[str]:
    if not rule.in_use and around.users:
        yield _("Other subscriptions use this one: %(names)s.") % {"names": around.users}
    if not rule.related_out_of_sync and around.changing:
        text = _("Related subscriptions are out of sync: %(names)s.")
        yield text % {"names": around.changing}


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


def _using(row: Subscription) -> QuerySet[InstanceRelation, UUID]:
    edges = InstanceRelation.objects.filter(depends_on__subscription=row)
    return edges.values_list("subscription", flat=True)


def _used_by(row: Subscription) -> QuerySet[InstanceRelation, UUID]:
    edges = InstanceRelation.objects.filter(subscription=row)
    return edges.values_list("depends_on__subscription", flat=True)


def _names(rows: QuerySet[Subscription]) -> str:
    """Name a few, in order, and say how many more there are. Two queries at most."""
    listed = list(rows.only("description").order_by("description", "pk")[: _NAMED + 1])
    names = ", ".join(f"{row.description} ({row.pk})" for row in listed[:_NAMED])
    if len(listed) <= _NAMED:
        return names
    return _("%(names)s and %(count)s more") % {"names": names, "count": rows.count() - _NAMED}


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
