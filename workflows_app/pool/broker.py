"""The one module that knows django-q2: its broker over the process table.

django-q2 is the pool of worker processes. ``dequeue`` claims due processes, never more than there
are idle workers, so that no claim waits behind a long step; it also looks for schedules that are
due, and serves django-q2's own table, so that tasks of others keep working. Messages hold ids only.
"""

import logging
import multiprocessing
import os
import socket
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError, close_old_connections, connection
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.signing import SignedPackage

from workflows_app import app_settings, queue, schedules, versions
from workflows_app.models import Worker
from workflows_app.pool.listener import Listener
from workflows_app.queue import Claim

logger = logging.getLogger(__name__)

ADVANCE = "workflows_app.tasks.advance"
START_SCHEDULED = "workflows_app.tasks.start_scheduled"
LOOK_SECONDS = 0.5  # How often to look for due schedules, however busy the workers are.
FORGOTTEN = timedelta(days=1)  # A worker not heard of for so long is no longer listed.
BEAT_SECONDS = 5.0  # How often a worker says that it is alive.
# Steps have timeouts of their own. To django-q2 a number above 0 also means "busy", which tells
# a worker that died in a step from one that died waiting.
TIMEOUT = int(timedelta(days=3650).total_seconds())


class ProcessBroker(ORM):  # type: ignore[misc]  # django-q2 has no types.
    """Claims processes; anything else it leaves to django-q2's ORM broker."""

    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        self.worker_name = f"{socket.gethostname()}:{os.getpid()}"
        self._listener = Listener()
        self._slots: Any = None
        self._beaten_at = 0.0
        self._looked_at = 0.0
        self._others_first = False

    def ping(self) -> bool:
        """Make what the pool's processes share; django-q2 calls this before it forks them."""
        self._slots = multiprocessing.get_context("fork").Semaphore(settings.Q_WORKERS)
        return True

    def info(self) -> str:
        """Return the broker's name, as the admin shows it."""
        return "process table"

    def enqueue(self, task: str) -> Any:
        """Store a message of django-q2's own, and wake the workers for it."""
        stored = super().enqueue(task)
        queue.wake()
        return stored

    def dequeue(self) -> list[tuple[Any, str]] | None:
        """Return one message as soon as there is one and a worker is idle; None now and then.

        A database that is away is waited for: django-q2 would stop for ten seconds.
        """
        try:
            self._beat()
            return self._next_message()
        except DatabaseError as error:
            logger.warning("Database not reached: %s", error)
            self._listener.close()
            connection.close()
            time.sleep(app_settings.get("MAX_IDLE_SECONDS"))
        return None

    def acknowledge(self, task_id: Any) -> None:
        """Free the worker's slot. A process's message is nothing to be deleted."""
        self._release()
        if not isinstance(task_id, str):
            super().acknowledge(task_id)

    def fail(self, task_id: Any) -> None:
        """Drop a message that cannot be read; a claim comes back when its lease ends."""
        self.acknowledge(task_id)

    def _next_message(self) -> list[tuple[Any, str]] | None:
        idle = app_settings.get("MAX_IDLE_SECONDS")
        if self._slots is not None and not self._slots.acquire(timeout=idle):
            return None
        messages = None
        try:
            messages = self._take()
        finally:
            if not messages:
                self._release()
        if not messages:
            self._listener.wait()
        return messages

    def _take(self) -> list[tuple[Any, str]] | None:
        """Claim one process or take one other message; after a claim the others go first once."""
        close_old_connections()
        sources = (
            [self._others, self._claimed] if self._others_first else [self._claimed, self._others]
        )
        self._others_first = False
        for source in [self._scheduled, *sources]:
            if messages := source():
                self._others_first = source == self._claimed
                return messages
        return None

    def _scheduled(self) -> list[tuple[Any, str]]:
        """Hold one due schedule. When there is none, the next look is half a second later."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return []
        due = schedules.claim()
        if due is None:
            self._looked_at = time.monotonic()
            return []
        arguments = (str(due.schedule_id), due.at.isoformat(), due.seen_at.isoformat())
        return [
            (f"schedule:{due.schedule_id}", _message(due.schedule_id, START_SCHEDULED, arguments))
        ]

    def _claimed(self) -> list[tuple[Any, str]]:
        return [
            (f"process:{claim.process_id}", package(claim))
            for claim in queue.claim(1, worker=self.worker_name)
        ]

    def _others(self) -> list[tuple[Any, str]]:
        rows = self.get_connection().filter(key=self.list_key, lock__lt=timezone.now())
        for row in rows.order_by("pk")[:1]:
            mine = self.get_connection().filter(pk=row.pk, lock=row.lock)
            if mine.update(lock=self.timeout(row)):
                return [(row.pk, row.payload)]
        return []

    def _release(self) -> None:
        if self._slots is not None:
            self._slots.release()

    def _beat(self) -> None:
        """Keep this worker's row in the registry fresh."""
        if time.monotonic() - self._beaten_at < BEAT_SECONDS:
            return
        now = timezone.now()
        Worker.objects.update_or_create(
            name=self.worker_name,
            defaults={"slots": settings.Q_WORKERS, "seen_at": now, "code": versions.code()},
            create_defaults={
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "slots": settings.Q_WORKERS,
                "started_at": now,
                "seen_at": now,
                "code": versions.code(),
            },
        )
        Worker.objects.filter(seen_at__lt=now - FORGOTTEN).delete()
        self._beaten_at = time.monotonic()


def package(claim: Claim) -> str:
    """Return the message for a claim, as django-q2's pusher expects it."""
    return _message(claim.process_id, ADVANCE, (str(claim.process_id), claim.fence))


def _message(subject: UUID, function: str, arguments: tuple[object, ...]) -> str:
    return str(
        SignedPackage.dumps(
            {
                "id": subject.hex,
                "name": str(subject),
                "func": function,
                "args": arguments,
                "kwargs": {},
                "started": timezone.now(),
                "timeout": TIMEOUT,
                "ack_failure": True,
                "save": False,
            }
        )
    )
