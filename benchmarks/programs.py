"""The programs that are measured: the site and its workers."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 60.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for the condition.

    Raises:
        TimeoutError: it does not come true.
    """
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > ends_at:
            raise TimeoutError(f"waited in vain until {what}")
        time.sleep(0.05)


@contextlib.contextmanager
def workers(number: int) -> Iterator[None]:
    """Run that many workers for the length of the block."""
    with _running("manage.py", "worker", "--workers", str(number)):
        yield


@contextlib.contextmanager
def site() -> Iterator[str]:
    """Run the site, as ``manage.py up`` does, for the length of the block; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    with _running("manage.py", "up", "--bind", bind, "--no-worker"):
        until(lambda: _answers(f"http://{bind}/healthz"), "the site answers")
        yield f"http://{bind}"


@contextlib.contextmanager
def _running(*arguments: str) -> Iterator[None]:
    command = [sys.executable, *arguments]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=os.environ)  # noqa: S603
    try:
        yield
    finally:
        program.terminate()
        program.wait(PATIENCE_SECONDS)


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(url, timeout=10).ok
    return False
