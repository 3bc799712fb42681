"""The programs that this service has started; none of them outlives it.

A child is run to its end by the thread that started it, because the kernel ties a child's life to
that *thread*.
"""

import functools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from examples.playbook_runner import leash
from examples.playbook_runner.errors import Stopping

GRACE_SECONDS = leash.GRACE_SECONDS + 5  # The leash ends the program before.
LINE_CHARACTERS = 16 * 1024


class Children:
    """Every running child, so that all of them can be stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped

    def run(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> int:
        """Run a program to its end and return its exit code; its errors come with its output.

        Raises:
            Stopping: the service is going down; the program was not started.
        """
        with self._start(command, directory=directory, environment=environment) as child:
            try:
                for line in iter(functools.partial(_output(child), LINE_CHARACTERS), ""):
                    on_line(line)
                return child.wait()
            finally:
                _end(child)
                with self._lock:
                    self._running.discard(child)

    def stop(self) -> None:
        """End every child, and refuse new ones."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for child in running:
            child.terminate()
        for child in running:
            _end(child)

    def _start(
        self, command: Sequence[str], *, directory: Path, environment: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise Stopping(Stopping.__doc__)
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                cwd=directory,
                env=environment,
                start_new_session=True,  # A Ctrl-C is for the service, which ends its children.
            )
            self._running.add(child)
        return child


def _output(child: subprocess.Popen[str]) -> Callable[[int], str]:
    if child.stdout is None:
        raise ValueError("The child was started without a pipe.")
    return child.stdout.readline


def _end(child: subprocess.Popen[str]) -> None:
    child.terminate()  # Does nothing to one that has ended.
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
