"""How long a callback may take. The database's clock decides, also between our own hosts.

Note [Exact expiry]
~~~~~~~~~~~~~~~~~~~
Whoever changes an open callback names its deadlines in the same statement. So an answer is too
late from the very instant on, however late the waiting step is run again to notice.

Note [Pause]
~~~~~~~~~~~~
A pause of the engine is our doing: while it lasts no answer is too late, and a deadline that
passes meanwhile is moved by the pause's length, by whoever looks first after it.
"""

from datetime import timedelta
from typing import Any, TypeAlias

from django.db.models import Exists, F, Q, QuerySet

from callbacks_app.models import OPEN, CallbackStatus, CallbackToken
from workflows_app.clock import database_now
from workflows_app.engine.pausing import last_pause
from workflows_app.models import EngineSettings

Rows: TypeAlias = QuerySet[CallbackToken]
_TYPES = {"deadline_at": "Callback.Timeout", "heartbeat_due_at": "Callback.Heartbeat"}


def start(callback: CallbackToken) -> dict[str, Any]:
    """Return what changes in the row of ``callback`` when its time begins to count."""
    moments: dict[str, Any] = {}
    if callback.timeout and callback.deadline_at is None:
        moments["deadline_at"] = database_now() + callback.timeout
    return moments | start_heartbeat(callback)


def start_heartbeat(callback: CallbackToken) -> dict[str, Any]:
    """Return what changes in the row of ``callback`` when its silence begins to count."""
    if callback.heartbeat is None or callback.paused:
        return {}
    return {"heartbeat_due_at": database_now() + callback.heartbeat}


def hear(callback: CallbackToken) -> dict[str, Any]:
    """Return what changes in the row of ``callback`` when the remote system is heard of."""
    return start_heartbeat(callback) if callback.heartbeat_due_at else {}


def live(rows: Rows) -> Rows:
    """Return those of ``rows`` that can still be answered. Note [Exact expiry]."""
    paused = Exists(EngineSettings.objects.filter(global_lock=True))
    ahead = _ahead("deadline_at") & _ahead("heartbeat_due_at")
    return rows.filter(Q(status__in=OPEN) & (ahead | Q(paused)))


def expire(rows: Rows) -> None:
    """Mark those of ``rows`` as timed out whose time is up."""
    late = rows.filter(status__in=OPEN).filter(_passed("deadline_at") | _passed("heartbeat_due_at"))
    if not late.exists():
        return
    forgive_pause(rows)
    for name, error_type in _TYPES.items():  # The deadline first: it is the last word.
        rows.filter(_passed(name), status__in=OPEN).update(
            status=CallbackStatus.TIMED_OUT, error={"error_type": error_type}, progress=None
        )


def forgive_pause(rows: Rows) -> bool:
    """Move the deadlines of ``rows`` that passed in the last pause; True if any. Note [Pause]."""
    pause = last_pause()
    if pause is None:
        return False
    began, ended = pause
    moved = 0
    for name in _TYPES:
        passed = rows.filter(**{"status__in": OPEN, f"{name}__gt": began, f"{name}__lte": ended})
        moved += passed.update(**{name: F(name) + (ended - began)})
    return bool(moved)


def extend(rows: Rows, span: timedelta) -> bool:
    """Let the deadlines of ``rows`` be at least ``span`` from now; True if one was earlier."""
    until = database_now() + span
    return bool(live(rows).filter(deadline_at__lt=until).update(deadline_at=until))


def _ahead(name: str) -> Q:
    return Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gt": database_now()})


def _passed(name: str) -> Q:
    return Q(**{f"{name}__lte": database_now()})
