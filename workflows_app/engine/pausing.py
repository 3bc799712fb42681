"""Stop the whole engine, and let it go on. Answers are kept meanwhile."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from workflows_app import queue
from workflows_app.clock import database_now
from workflows_app.models import EngineSettings, ProcessEvent


def pause(*, by: str, reason: str = "") -> None:
    """Let running steps finish and claim nothing new, on every host."""
    _switch(locked=True, by=by, reason=reason, action="engine paused")


def unpause(*, by: str, reason: str = "") -> None:
    """Act on everything that became due while the engine was paused."""
    _switch(locked=False, by=by, reason=reason, action="engine unpaused")


def is_paused() -> bool:
    """Return whether the engine is paused."""
    return EngineSettings.objects.filter(global_lock=True).exists()


def last_pause() -> tuple[datetime, datetime] | None:
    """Return when the last pause that has ended began and ended, by the database's clock."""
    row = EngineSettings.objects.filter(global_lock=False, paused_at__isnull=False).first()
    return (row.paused_at, row.unpaused_at) if row and row.paused_at and row.unpaused_at else None


@transaction.atomic
def _switch(*, locked: bool, by: str, reason: str, action: str) -> None:
    EngineSettings.objects.get_or_create(pk=1)
    # Pausing again what is paused does not begin another pause.
    EngineSettings.objects.filter(global_lock=not locked).update(
        **{"paused_at" if locked else "unpaused_at": database_now()}
    )
    EngineSettings.objects.update(
        global_lock=locked, reason=reason, changed_by=by, changed_at=timezone.now()
    )
    ProcessEvent.objects.create(actor=by, action=action, reason=reason)
    queue.wake()
