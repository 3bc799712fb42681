"""Stop the whole engine, and let it go on. Answers are kept meanwhile."""

from django.db import transaction

from workflows_app import queue
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


@transaction.atomic
def _switch(*, locked: bool, by: str, reason: str, action: str) -> None:
    EngineSettings.objects.update_or_create(
        pk=1, defaults={"global_lock": locked, "reason": reason, "changed_by": by}
    )
    ProcessEvent.objects.create(actor=by, action=action, reason=reason)
    queue.wake()
