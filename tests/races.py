"""Forced interleavings on PostgreSQL: a thread of its own connection, seen waiting for a lock."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

PATIENCE = 30.0  # Seconds until a test gives up; nothing is measured by it.


class Other(threading.Thread):
    """Run ``action`` on a connection of its own; ``join`` it to have its result or its error."""

    def __init__(self, action: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._action = action
        self._connected = threading.Event()
        self.backend = 0
        self.result: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.backend = cursor.fetchone()[0]
            self._connected.set()
            self.result = self._action()
        except BaseException as error:  # noqa: BLE001 - handed over to whoever looks.
            self.error = error
        finally:
            self._connected.set()
            connections.close_all()

    def wait_until_locked_out(self) -> None:
        """Return when the thread's connection waits for a lock."""
        assert self._connected.wait(PATIENCE)
        ends_at = time.monotonic() + PATIENCE
        while self.is_alive() and time.monotonic() < ends_at:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_stat_clear_snapshot()")
                cursor.execute(
                    "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", [self.backend]
                )
                if cursor.fetchone() == ("Lock",):
                    return
        raise AssertionError(f"never waited for a lock: {self.error or self.result!r}")

    def ended(self) -> Any:
        """Return the result, or raise the error."""
        self.join(PATIENCE)
        assert not self.is_alive()
        if self.error:
            raise self.error
        return self.result
