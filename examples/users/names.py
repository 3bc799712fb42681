"""The names of users and groups: each is in use once, whatever the letters' case."""

from uuid import UUID

from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import SubscriptionInstance


def require_free(block: str, field: str, name: str, *, but: UUID | None = None) -> str:
    """Return ``name``, or raise ValueError if another subscription that is not over has it.

    Args:
        but: the subscription that may have it.
    """
    living = SubscriptionInstance.objects.exclude(
        subscription__status=SubscriptionLifecycle.TERMINATED
    )
    others = living.filter(product_block__name=block).exclude(subscription=but)
    if others.filter(**{f"values__{field}__iexact": name}).exists():
        raise ValueError(f"The name {name} is in use.")
    return name
