"""Count the statements that something costs."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_FREE = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that are run, but for those that only frame others."""
    statements: list[str] = []

    def note(execute, sql, params, many, context):
        if not sql.startswith(_FREE):
            statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements
