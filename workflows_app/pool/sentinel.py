"""django-q2's sentinel, made to fail fast and to stop within a bounded time.

django-q2 replaces a process that died and goes on. But a worker that dies while it waits for work
takes the queue's lock with it, and the cluster is frozen for ever; a monitor that dies leaves
every result unsaved. So here any unexpected death retires the pool: nothing new is claimed,
running steps may finish, then everything is killed and the supervisor starts afresh. What was
claimed comes back when its lease ends.
"""

import logging
import os
import signal
import time
from typing import Any, NoReturn
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django_q.cluster import Sentinel
from django_q.conf import Conf

from workflows_app import app_settings, stopping
from workflows_app.children import die_with_parent
from workflows_app.models import Worker
from workflows_app.pool.broker import ProcessBroker

logger = logging.getLogger(__name__)

_EXPECTED = {0, -2}  # What django-q2 sets on a worker that timed out, or served its time.
DIED = 70  # The exit code after an unexpected death (sysexits.h: EX_SOFTWARE).


class StopSignal:
    """Stands for django-q2's stop event: a blocked SIGTERM that is waited for, so no handler runs.

    A handler that sets an event can deadlock with the loop that waits for it.
    """

    def __init__(self) -> None:
        self._received = False
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        os.register_at_fork(after_in_child=_become_child)

    def is_set(self) -> bool:
        return self._received

    def wait(self, seconds: float) -> bool:
        """Return whether SIGTERM came within ``seconds``."""
        if not self._received:
            self._received = signal.sigtimedwait({signal.SIGTERM}, seconds) is not None
        return self._received


class Started:
    """Stands for django-q2's start event; nobody waits for it."""

    def __init__(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True


class FailFastSentinel(Sentinel):  # type: ignore[misc]  # django-q2 has no types.
    """Guards the pool until SIGTERM, or until one of its processes dies unexpectedly."""

    def reincarnate(self, process: Any) -> None:
        """Replace a worker that ended as it should; retire the pool after any other death."""
        timer = getattr(process, "timer", None)
        if timer is not None and int(timer.value) in _EXPECTED:
            super().reincarnate(process)
            return
        logger.error("A process of the pool died; starting afresh", extra={"pid": process.pid})
        self._retire(code=DIED)

    def stop(self) -> None:
        """End after SIGTERM: running steps are finished, nothing follows them."""
        self._retire(code=0)

    def _retire(self, *, code: int) -> NoReturn:
        ends_at = time.monotonic() + app_settings.get("STOP_GRACE_SECONDS")
        stopping.ask()
        self.event_out.set()
        while time.monotonic() < ends_at and (self.pusher.is_alive() or self._busy()):
            time.sleep(0.02)
        if not self._busy():
            Worker.objects.filter(name=self.broker.worker_name).delete()
            connection.close()
        for process in (*self.pool, self.pusher, self.monitor):
            process.kill()
        os._exit(code)

    def _busy(self) -> bool:
        return any(worker.timer.value > 0 and worker.is_alive() for worker in self.pool)


def run() -> NoReturn:
    """Run a pool in this process until SIGTERM."""
    stop = StopSignal()
    stopping.share()
    FailFastSentinel(stop, Started(), uuid4(), ProcessBroker())
    os._exit(0)


def set_workers(number: int) -> None:
    """Choose the size of the pools that this process will start."""
    settings.Q_WORKERS = Conf.WORKERS = Conf.QUEUE_LIMIT = number


def _become_child() -> None:
    """Undo in the pool's processes what is meant for the sentinel alone."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    die_with_parent()
