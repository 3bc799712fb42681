"""What a worker runs: one call each."""

from datetime import datetime
from uuid import UUID

from workflows_app import engine, schedules
from workflows_app.queue import Claim


def advance(process_id: str, fence: int) -> None:
    """Run a claimed process until it waits, fails or ends."""
    engine.advance(Claim(UUID(process_id), fence))


def start_scheduled(schedule_id: str, at: str, seen_at: str) -> None:
    """Start the workflow of a schedule that is due."""
    moments = map(datetime.fromisoformat, (at, seen_at))
    schedules.run(schedules.Due(UUID(schedule_id), *moments))
