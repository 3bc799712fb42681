"""Keep a pool of workers running: start it, and start it again when it died.

The pool is a child in a process group of its own. Nothing survives: if this process is killed the
kernel kills the pool, and if the pool dies what is left of its group is killed before the next.
"""

import logging
import os
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from django.db import OperationalError, connection

from workflows_app import app_settings
from workflows_app.children import die_with_parent

logger = logging.getLogger(__name__)

_SETTLED_SECONDS = 10.0  # A pool that lived so long did not fail at its start.
_LONGEST_PAUSE = 10.0
_KILL_MARGIN = 5  # Seconds beyond the pool's own grace.


class Supervisor:
    """Runs ``pool`` in a child process until this one is told to stop."""

    def __init__(self, pool: Callable[[], NoReturn]) -> None:
        self._pool = pool
        self._stopping = False
        self._child: int | None = None

    def run(self) -> None:
        """Return after SIGTERM or SIGINT, when every process of the pool has ended."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGALRM, self._kill)
        pause = 0.1
        while not self._stopping:
            started = time.monotonic()
            if self._database_answers():
                self._run_once()
            settled = time.monotonic() - started > _SETTLED_SECONDS
            pause = 0.1 if settled else min(pause * 2, _LONGEST_PAUSE)
            self._sleep(pause)
        signal.alarm(0)

    def _run_once(self) -> None:
        child = os.fork()
        if child == 0:
            self._become_pool()
        self._child = child
        if self._stopping:  # The signal came before we had a child to tell.
            self._terminate()
        _, status = os.waitpid(child, 0)
        self._child = None
        _kill_group(child)
        if not self._stopping:
            code = os.waitstatus_to_exitcode(status)
            logger.error("The pool ended and is started again", extra={"exit_code": code})

    def _become_pool(self) -> NoReturn:
        os.setpgid(0, 0)
        die_with_parent()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        try:
            self._pool()
        finally:
            os._exit(1)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._terminate()

    def _terminate(self) -> None:
        if self._child is not None:
            os.kill(self._child, signal.SIGTERM)
            signal.alarm(int(app_settings.get("STOP_GRACE_SECONDS")) + _KILL_MARGIN)

    def _kill(self, _number: int, _frame: FrameType | None) -> None:
        if self._child is not None:
            _kill_group(self._child)

    def _database_answers(self) -> bool:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            logger.warning("Waiting for the database: %s", error)
            return False
        finally:
            connection.close()  # Nothing open may cross the fork.
        return True

    def _sleep(self, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < ends_at:
            time.sleep(0.05)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
