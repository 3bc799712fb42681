"""An author's module whose annotations are strings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Optional
from uuid import UUID

from pydantic import BaseModel


def configure(
    node: UUID,
    seen_at: datetime,
    port: Optional[int],  # noqa: UP045 - as authors write it.
    later: Later | None = None,
) -> tuple[Any, ...]:
    return node, seen_at, port, later or Later()


def unresolvable(port: NoSuchName) -> None:  # type: ignore[name-defined]  # noqa: F821 - on purpose.
    raise AssertionError(port)


def made_inside() -> Callable[..., Any]:
    class Port(BaseModel):
        name: str

    def function(port: Port) -> Port:
        assert isinstance(port, Port)
        return port

    return function


class Later(BaseModel):
    """Defined after the function that names it."""

    turn: int = 1
