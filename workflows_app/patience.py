"""An end to queries that take too long, whatever somebody searches for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from workflows_app.errors import SearchTooSlow

LONGEST = timedelta(seconds=3)
_INSTRUCTIONS = 10_000  # Of SQLite's machine, between two looks at the clock.


@contextmanager
def patience(longest: timedelta | None = None) -> Iterator[None]:
    """Run queries that may take so long each; on SQLite, together.

    Raises:
        SearchTooSlow: one took longer, and was ended.
    """
    limited = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    try:
        with limited(longest or LONGEST):
            yield
    except OperationalError as error:
        raise SearchTooSlow from error


@contextmanager
def _on_postgresql(longest: timedelta) -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        (before,) = cursor.fetchone()
        _set_timeout(cursor, str(int(longest.total_seconds() * 1000)))
        yield
        _set_timeout(cursor, before)  # In a transaction of the caller's, it would stay.


def _set_timeout(cursor: CursorWrapper, value: str) -> None:
    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [value])


@contextmanager
def _on_sqlite(longest: timedelta) -> Iterator[None]:
    connection.ensure_connection()
    ends_at = time.monotonic() + longest.total_seconds()
    driver = connection.connection
    driver.set_progress_handler(lambda: time.monotonic() > ends_at, _INSTRUCTIONS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
