"""The life of a subscription, as data."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SubscriptionLifecycle(TextChoices):
    """Where a subscription is in its life."""

    INITIAL = "initial", _("Initial")  # Ordered: it need not be complete.
    PROVISIONING = "provisioning", _("Provisioning")  # Being built.
    ACTIVE = "active", _("Active")  # In use by the customer.
    MIGRATING = "migrating", _("Migrating")  # Being moved; its successor is being built.
    DISABLED = "disabled", _("Disabled")  # Out of use for the time being.
    TERMINATED = "terminated", _("Terminated")  # Over, for good.


def lifecycle_word(status: str) -> str:
    """Return a subscription's status as it reads within a sentence."""
    return str(SubscriptionLifecycle(status).label).lower()


_L = SubscriptionLifecycle
_LIVING = frozenset({_L.PROVISIONING, _L.ACTIVE, _L.MIGRATING, _L.DISABLED, _L.TERMINATED})

# Nothing is initial again, and nothing comes back from the dead. Staying is no move.
LIFECYCLE_MOVES: Mapping[SubscriptionLifecycle, frozenset[SubscriptionLifecycle]] = {
    _L.INITIAL: _LIVING,
    _L.PROVISIONING: _LIVING - {_L.PROVISIONING},
    _L.ACTIVE: _LIVING - {_L.ACTIVE},
    _L.MIGRATING: _LIVING - {_L.MIGRATING},
    _L.DISABLED: _LIVING - {_L.DISABLED},
    _L.TERMINATED: frozenset(),
}


class ProductLifecycle(TextChoices):
    """Whether a product can be ordered."""

    ACTIVE = "active", _("Active")
    PRE_PRODUCTION = "pre production", _("Pre Production")
    PHASE_OUT = "phase out", _("Phase Out")
    END_OF_LIFE = "end of life", _("End Of Life")
