"""Which callbacks there are, by the words that durable functions have for their status."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Q, QuerySet

from callbacks_app.models import OPEN, PREFIX, CallbackStatus, CallbackToken
from workflows_app.models import Workflow
from workflows_app.search import by_id
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


def callbacks(
    *, statuses: Iterable[str] = (), process: str = "", q: str = ""
) -> QuerySet[CallbackToken]:
    """Return the callbacks with their processes, narrowed; an unknown status has none.

    Args:
        process: the id of one, as text; what is no id has none.
        q: the beginning of an id of a callback or a process, or words of a step or a workflow.
    """
    rows = CallbackToken.objects.select_related("process__workflow").defer("nonce", "key_id")
    if wanted := list(statuses):
        of_statuses = Q(pk__in=[])
        for name in wanted:
            of_statuses |= STATUSES.get(name, Q(pk__in=[]))
        rows = rows.filter(of_statuses)
    if process:
        rows = rows.filter(process=_id(process)) if _id(process) else rows.none()
    return rows.filter(_matching(q)) if q else rows


def _matching(text: str) -> Q:
    digits = text.lower().removeprefix(PREFIX).replace("-", "")
    own = Q(public_id__startswith=f"{PREFIX}{digits}") if digits else Q(pk__in=[])
    workflows = Workflow.objects.filter(Q(name__icontains=text) | Q(description__icontains=text))
    of_workflow = Q(process__workflow__in=workflows.values("pk"))
    return own | by_id(text, "process") | Q(path__icontains=text) | of_workflow


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
