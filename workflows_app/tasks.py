"""What a worker runs: one call of the engine each."""

from uuid import UUID

from workflows_app import engine
from workflows_app.queue import Claim


def advance(process_id: str, fence: int) -> None:
    """Run a claimed process until it waits, fails or ends."""
    engine.advance(Claim(UUID(process_id), fence))
