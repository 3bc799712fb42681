"""What a playbook has printed so far, and how far it has come.

A transcript always fits into an answer: when it grows beyond its limit, lines from its middle are
left out, because the beginning says what was asked and the end says what went wrong. An answer that
the receiver refuses as too large would leave the process waiting for ever.
"""

import json
import re
import threading
from collections import deque
from typing import TypedDict

OUTPUT_BYTES = 512 * 1024
RECENT_LINES = 20
RECENT_CHARACTERS = 500
TASK_BANNER = re.compile(r"(TASK|RUNNING HANDLER) \[.*\] \*+\s*")


class Progress(TypedDict):
    """The payload of one progress post."""

    percent: int
    message: str
    lines: list[str]


class Transcript:
    """The lines of one run. Several threads may read while one adds."""

    def __init__(self, message: str, *, limit: int = OUTPUT_BYTES) -> None:
        self._lock = threading.Lock()
        self._message = message
        self._tasks_expected = 0
        self._tasks_begun = 0
        self._half = limit // 2
        self._head: list[str] = []
        self._head_size = 0
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._left_out = 0
        self._recent: deque[str] = deque(maxlen=RECENT_LINES)

    def expect(self, tasks: int) -> None:
        """Say how many tasks there will be, so that a percentage means something."""
        with self._lock:
            self._tasks_expected = tasks

    def add(self, line: str) -> None:
        """Append a line as it was read, with its line end."""
        with self._lock:
            self._keep(line)
            self._recent.append(line.rstrip()[:RECENT_CHARACTERS])
            if TASK_BANNER.fullmatch(line):
                self._tasks_begun += 1
                self._message = line.rstrip(" *\r\n")

    def progress(self) -> Progress:
        """Return how far the run has come; its percentage never decreases."""
        with self._lock:
            done = max(self._tasks_begun - 1, 0)
            percent = min(100 * done // self._tasks_expected, 99) if self._tasks_expected else 0
            return {"percent": percent, "message": self._message, "lines": list(self._recent)}

    def lines(self) -> list[str]:
        """Return all that was printed, or its beginning and its end when it was too long."""
        with self._lock:
            gap = [f"[{self._left_out} lines left out]\n"] if self._left_out else []
            return [*self._head, *gap, *self._tail]

    def _keep(self, line: str) -> None:
        size = _size(line)
        if not self._tail and self._head_size + size <= self._half:
            self._head.append(line)
            self._head_size += size
            return
        self._tail.append(line)
        self._tail_size += size
        while self._tail_size > self._half:
            self._tail_size -= _size(self._tail.popleft())
            self._left_out += 1


def _size(line: str) -> int:
    return len(json.dumps(line)) + 2
