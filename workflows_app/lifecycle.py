"""The life of a subscription, as data."""

from collections.abc import Mapping

from django.db.models import TextChoices


class SubscriptionLifecycle(TextChoices):
    """Where a subscription is in its life."""

    INITIAL = "initial"  # Ordered: it need not be complete.
    PROVISIONING = "provisioning"  # Being built.
    ACTIVE = "active"  # In use by the customer.
    MIGRATING = "migrating"  # Being moved; its successor is being built.
    DISABLED = "disabled"  # Out of use for the time being.
    TERMINATED = "terminated"  # Over, for good.


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

    ACTIVE = "active"
    PRE_PRODUCTION = "pre production"
    PHASE_OUT = "phase out"
    END_OF_LIFE = "end of life"
