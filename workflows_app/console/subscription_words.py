"""How the statuses of subscriptions look, and who changes one, for a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_noop as marked

from workflows_app import locks
from workflows_app.console.sentences import LOOKS, Look
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import Process, Subscription

_L = SubscriptionLifecycle
LIFECYCLE_LOOKS: Mapping[str, Look] = {
    _L.INITIAL: Look("circle", "grey", marked("initial")),
    _L.PROVISIONING: Look("half", "blue", marked("provisioning")),
    _L.ACTIVE: Look("tick", "green", marked("active")),
    _L.MIGRATING: Look("half", "violet", marked("migrating")),
    _L.DISABLED: Look("dash", "amber", marked("disabled")),
    _L.TERMINATED: Look("stop", "grey", marked("terminated")),
}
_UNHELD = Look("cross", "red", marked("out of sync"))


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a subscription is out of sync: who holds it, and whether that is still at work."""

    look: Look
    holder: Process | None
    at_work: bool


def look(subscription: Subscription) -> Look:
    """Return how the subscription's status looks."""
    return LIFECYCLE_LOOKS[subscription.status]


def hold(subscription: Subscription) -> Hold | None:
    """Return who holds the subscription; None if it is in sync."""
    if subscription.insync:
        return None
    holder = subscription.locked_by
    return Hold(
        look=LOOKS[holder.status] if holder else _UNHELD,
        holder=holder,
        at_work=locks.at_work(holder),
    )
