"""Sleep until something may have become due.

On PostgreSQL a connection of its own LISTENs, so the sleep ends with the commit that made a
process runnable. SQLite has no such thing, but a number that changes with every commit of another
connection, and costs next to nothing to read: there the sleep is short.

Source: ``PRAGMA data_version`` in SQLite's documentation.
"""

import time
from typing import Any

import psycopg
from django.db import OperationalError, connection

from workflows_app import app_settings, queue
from workflows_app.queue import CHANNEL

_MOMENT = 0.02


class Listener:
    """Waits for notifications; opens its connection at the first wait, after any fork."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None
        self._version = 0

    def wait(self) -> None:
        """Return when something is due, when a worker is woken, or after ``MAX_IDLE_SECONDS``.

        Raises:
            OperationalError: the database is away.
        """
        if connection.vendor != "postgresql":
            self._wait_for_change()
            return
        try:
            if self._connection is None:
                self._connection = self._listen()
                return  # What was notified before we listened is found by looking again.
            for _ in self._connection.notifies(timeout=_until_due(), stop_after=1):
                pass
        except psycopg.Error as error:
            raise OperationalError(str(error)) from error

    def _wait_for_change(self) -> None:
        """Return when another connection has committed since the last time we returned."""
        ends_at = time.monotonic() + _until_due()
        while (version := _data_version()) == self._version and time.monotonic() < ends_at:
            time.sleep(app_settings.get("SQLITE_POLL_SECONDS"))
        self._version = version

    def close(self) -> None:
        """Drop the connection; the next wait opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @staticmethod
    def _listen() -> psycopg.Connection[Any]:
        parameters = connection.get_connection_params()
        for name in ("cursor_factory", "context"):
            parameters.pop(name, None)
        listening = psycopg.connect(**parameters, autocommit=True)
        listening.execute(f"LISTEN {CHANNEL}")
        return listening


def _data_version() -> int:
    with connection.cursor() as cursor:
        version: int = cursor.execute("PRAGMA data_version").fetchone()[0]
    return version


def _until_due() -> float:
    """Return the seconds until something is due; a moment if it is but was not ours to take."""
    idle: float = app_settings.get("MAX_IDLE_SECONDS")
    due = queue.next_due()
    return idle if due is None else min(idle, max(due.total_seconds(), _MOMENT))
