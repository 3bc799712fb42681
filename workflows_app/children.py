"""Processes that do not outlive the one that started them."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies. Linux only; elsewhere nothing.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Children:
    """Several programs that live and end together.

    As a context manager it ends them all, however the block is left; SIGTERM and Ctrl-C leave it.
    """

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Children":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _leave)
        return self

    def __exit__(self, *_exception: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # Once is enough: we are ending.
        self.stop()

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that Ctrl-C reaches it through us only."""
        child = subprocess.Popen(  # noqa: S603 - our own programs.
            arguments,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=die_with_parent,
            stdin=subprocess.DEVNULL,
        )
        self._running[name] = child
        return child

    def ended(self) -> str | None:
        """Return the name of a program that has ended, if one has."""
        for name, child in self._running.items():
            if child.poll() is not None:
                return name
        return None

    def wait(self) -> str:
        """Return the name of the first program that ends."""
        while (name := self.ended()) is None:
            time.sleep(0.1)
        return name

    def stop(self, *, grace: float = 40.0) -> None:
        """End every program: SIGTERM, and SIGKILL to its session after ``grace`` seconds."""
        for child in self._running.values():
            if child.poll() is None:
                child.terminate()
        ends_at = time.monotonic() + grace
        for child in self._running.values():
            try:
                child.wait(max(0.0, ends_at - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        self._running.clear()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
