"""Which callbacks there are, by the words that durable functions have for their status."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Q, QuerySet

from callbacks_app.models import OPEN, CallbackStatus, CallbackToken
from workflows_app.statuses import FINAL

_ENDED = Q(process__status__in=FINAL)
STATUSES: Mapping[str, Q] = {
    "started": Q(status__in=OPEN) & ~_ENDED,
    "succeeded": Q(status=CallbackStatus.SUCCEEDED),
    "failed": Q(status=CallbackStatus.FAILED),
    "timed_out": Q(status=CallbackStatus.TIMED_OUT),
    "cancelled": Q(status=CallbackStatus.CANCELLED),
    "stopped": Q(status=CallbackStatus.SUPERSEDED) | Q(status__in=OPEN) & _ENDED,
}


def callbacks(*, statuses: Iterable[str] = (), process: str = "") -> QuerySet[CallbackToken]:
    """Return the callbacks with their processes, narrowed; an unknown status has none.

    Args:
        process: the id of one, as text; what is no id has none.
    """
    rows = CallbackToken.objects.select_related("process__workflow").defer("nonce", "key_id")
    if wanted := list(statuses):
        of_statuses = Q(pk__in=[])
        for name in wanted:
            of_statuses |= STATUSES.get(name, Q(pk__in=[]))
        rows = rows.filter(of_statuses)
    if process:
        rows = rows.filter(process=_id(process)) if _id(process) else rows.none()
    return rows


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
