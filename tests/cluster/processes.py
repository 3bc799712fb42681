"""Real worker processes for the tests: started, looked into, killed, and never left behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0


def database_url() -> str:
    """Return the URL of the database that this test uses."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    user = quote(values["USER"]) + (f":{quote(values['PASSWORD'])}" if values["PASSWORD"] else "")
    return f"postgresql://{user}@{values['HOST']}:{values['PORT']}/{values['NAME']}"


def environment(url: str, **orchestrator: Any) -> dict[str, str]:
    """Return the environment for a program of the project on that database."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "ORCHESTRATOR_APPS": "tests.cluster.lab",
        "ORCHESTRATOR": json.dumps({"LEASE_SECONDS": 2, "STOP_GRACE_SECONDS": 20} | orchestrator),
        "PYTHONWARNINGS": "default",
    }


def until(condition: Callable[[], Any], what: str) -> Any:
    """Return the condition's first true value."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not (value := condition()):
        assert time.monotonic() < ends_at, f"waited in vain until {what}"
        time.sleep(0.02)
    return value


class WorkerProcess:
    """``manage.py worker`` and the processes under it."""

    def __init__(self, url: str, *, workers: int, **orchestrator: Any) -> None:
        self.workers = workers
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "worker", "--workers", str(workers)],
            cwd=ROOT,
            env=environment(url, **orchestrator),
            start_new_session=True,
        )

    @property
    def sentinel(self) -> int:
        """The pid of the pool's sentinel, once its pool is complete."""

        def found() -> int | None:
            pools = children(self.process.pid)
            complete = pools and len(children(pools[0])) == self.workers + 2
            return pools[0] if complete else None

        pid: int = until(found, "the pool is complete")
        return pid

    def pool(self) -> dict[str, list[int]]:
        """Return the pids of the pool by role; django-q2 starts them in this order."""
        pids = children(self.sentinel)
        return {"workers": pids[:-2], "monitor": pids[-2:-1], "pusher": pids[-1:]}

    def everybody(self) -> list[int]:
        """Return every pid, this one first."""
        found, left = [], [self.process.pid]
        while left:
            pid = left.pop()
            found.append(pid)
            left += children(pid)
        return found

    def terminate(self) -> int:
        """Stop it as a service manager would, and return its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """Kill whatever is left of it."""
        for pid in self.everybody() if self.process.poll() is None else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def running_worker(url: str, *, workers: int = 2, **orchestrator: Any) -> Iterator[WorkerProcess]:
    """Run a worker for the length of the block."""
    worker = WorkerProcess(url, workers=workers, **orchestrator)
    try:
        yield worker
    finally:
        worker.kill()


def children(pid: int) -> list[int]:
    """Return the children of a process, the oldest first."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return sorted(map(int, text.split()), key=_started)
    return []


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _started(pid: int) -> tuple[int, int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return (0, pid)
    return (int(fields[19]), pid)
