"""Processes of the lab, and real workers on the test's own database."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.processes import WorkerProcess, database_url, running_worker
from workflows_app import engine, registration
from workflows_app.models import Process


@pytest.fixture
def lab(transactional_db: None, tmp_path: Path) -> Callable[..., Process]:
    """Start a process of the lab that leaves its marks in this test's directory."""
    from tests.cluster.lab import workflows  # noqa: F401 - registers them.

    registration.sync()

    def start(name: str, **values: Any) -> Process:
        return engine.start(name, inputs=[{"marks": str(tmp_path), **values}], by="test")

    return start


@pytest.fixture
def marks(tmp_path: Path) -> Callable[[], list[str]]:
    """Return the marks so far."""

    def read() -> list[str]:
        file = tmp_path / "marks"
        return file.read_text().splitlines() if file.exists() else []

    return read


@pytest.fixture
def release(tmp_path: Path) -> Callable[[], None]:
    """Let the steps go on that hold."""
    return (tmp_path / "release").touch


@pytest.fixture
def worker(lab: object) -> Iterator[WorkerProcess]:
    """Run a worker on the test's database."""
    with running_worker(database_url()) as running:
        yield running
