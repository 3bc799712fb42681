"""django-q2's sentinel, made to fail fast and to stop within a bounded time.

django-q2 replaces a process that died and goes on. But a worker that dies while it waits for work
takes the queue's lock with it, and the cluster is frozen for ever; a monitor that dies leaves
every result unsaved. So here any unexpected death retires the pool: nothing new is claimed,
running steps may finish, then everything is killed and the supervisor starts afresh. What was
claimed comes back when its lease ends.

Note [No lock with the pool]
~~~~~~~~~~~~~~~~~~~~~~~~~~~~
A process that is killed never releases the locks it holds. django-q2's worker holds its timer's
lock while it hands in a result, and the sentinel takes that lock to look at the timer: one kill
there, and the sentinel itself would wait for ever. So the sentinel shares no lock with the
processes that it guards: ``Timer`` and ``Flag`` are plain words of shared memory.
"""

import logging
import multiprocessing
import os
import signal
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django_q.cluster import Sentinel
from django_q.conf import Conf
from django_q.pusher import pusher
from django_q.worker import worker

from workflows_app import app_settings, stopping
from workflows_app.children import die_with_parent
from workflows_app.models import Worker
from workflows_app.notices import courier
from workflows_app.pool.broker import ProcessBroker

logger = logging.getLogger(__name__)

_EXPECTED = {0, -2}  # What django-q2 sets on a worker that timed out, or served its time.
DIED = 70  # The exit code after an unexpected death (sysexits.h: EX_SOFTWARE).


class Timer:
    """Stands for the ``Value`` by which a worker says that it is busy (above 0). No lock."""

    def __init__(self, word: Any = None, *, guarded: bool = False) -> None:
        self._word = multiprocessing.get_context("fork").RawValue("f", -1) if word is None else word
        self._guarded = guarded

    @property
    def value(self) -> float:
        return float(self._word.value)

    @value.setter
    def value(self, value: float) -> None:
        if not self._guarded:
            self._word.value = value

    def get_lock(self) -> AbstractContextManager[None]:
        return nullcontext()

    def guarded(self) -> "Timer":
        """Return the sentinel's view, which only reads: it would else undo what the worker says."""
        return Timer(self._word, guarded=True)


class Flag:
    """Stands for the event by which the pusher is asked to end. No lock."""

    def __init__(self) -> None:
        self._word = multiprocessing.get_context("fork").RawValue("b", 0)

    def is_set(self) -> bool:
        return bool(self._word.value)

    def set(self) -> None:
        self._word.value = 1


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

    def start(self) -> None:
        """Start the pool, and guard it."""
        self.event_out = Flag()
        super().start()

    def spawn_worker(self) -> None:
        """Start a worker whose timer has no lock. See Note [No lock with the pool]."""
        timer = Timer()
        self.spawn_process(worker, self.task_queue, self.result_queue, timer, self.timeout)
        self.pool[-1].timer = timer.guarded()

    def spawn_pusher(self) -> Any:
        """Start what claims; people are told in its background, where nothing waits for them."""
        return self.spawn_process(_push, self.task_queue, self.event_out, self.broker)

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
        return any(process.timer.value > 0 and process.is_alive() for process in self.pool)


def _push(task_queue: Any, ended: Flag, broker: ProcessBroker) -> None:
    courier.start()
    pusher(task_queue, ended, broker)


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
