"""The programs of a site: started for real, listened to, and never left behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psycopg
from django.db import connection

from tests.cluster.processes import PATIENCE_SECONDS, ROOT, alive, children, database_url, until


class Program:
    """A program in a session of its own; what it prints goes into a file."""

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], output: Path
    ) -> None:
        self._output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """All that it has printed."""
        return self._output.read_text()

    def wait_for(self, text: str) -> str:
        """Return the line with ``text`` as soon as it is printed."""

        def found() -> str:
            assert self.process.poll() is None, f"it ended:\n{self.said}"
            whole = self.said.rpartition("\n")[0]
            return next((line for line in whole.splitlines() if text in line), "")

        line: str = until(found, f"it says {text!r}")
        return line

    def tree(self) -> list[int]:
        """Return the pids of it and of all that it started, parents first."""
        found, left = [], [self.process.pid]
        while left:
            found.append(pid := left.pop())
            left += children(pid)
        return found

    def tell(self, number: int) -> int:
        """Send it a signal, and return its exit code when it has ended."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End it, and kill what is left."""
        pids = self.tree() if self.process.poll() is None else []
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.terminate()
            self.process.wait(PATIENCE_SECONDS)
        for pid in filter(alive, pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def running(*arguments: str, environment: Mapping[str, str], output: Path) -> Iterator[Program]:
    """Run a Python program for the length of the block."""
    program = Program(arguments, environment=environment, output=output)
    try:
        yield program
    finally:
        program.stop()


def manage(*arguments: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a command of the project to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


@contextlib.contextmanager
def own_database(directory: Path) -> Iterator[str]:
    """Lend an empty database of the kind that is tested; no other test uses it."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{directory / 'journey.sqlite3'}"
        return
    name = f"journey_{uuid.uuid4().hex[:12]}"
    _execute(f"CREATE DATABASE {name}")
    try:
        yield f"{database_url().rpartition('/')[0]}/{name}"
    finally:
        _execute(f"DROP DATABASE {name} WITH (FORCE)")


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _execute(sql: str) -> None:
    with psycopg.connect(database_url(), autocommit=True) as database:
        database.execute(sql.encode())
