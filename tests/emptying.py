"""The database is emptied after a test that commits, faster than Django does it.

Django truncates PostgreSQL's tables, which writes a new file for every table and index, and then
makes all content types and permissions anew. Both took longer than the tests.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from django.core.management.color import Style
from django.core.management.commands import flush
from django.db.backends.base.base import BaseDatabaseWrapper

# They follow from the code, so what a migration made is still right after a test.
KEPT = ("auth_permission", "django_content_type")
LARGE = 1_000_000  # Bytes of a table, the room of deleted rows included; it is truncated.


@contextmanager
def quickly() -> Iterator[None]:
    """Let ``flush``, which ends every test that commits, delete rows and keep what follows."""
    with (
        mock.patch.object(flush, "sql_flush", _statements),
        mock.patch.object(flush, "emit_post_migrate_signal"),
    ):
        yield


def _statements(style: Style, connection: BaseDatabaseWrapper, **options: bool) -> Sequence[str]:
    found = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [name for name in found if name not in KEPT]
    if connection.vendor == "postgresql":
        return [_block(tables)]
    return connection.ops.sql_flush(style, tables, **options)


def _block(tables: Sequence[str]) -> str:
    """Return a block that deletes the rows; foreign keys are looked at when the commit comes."""
    names = ", ".join(f"'{name}'" for name in tables)
    each = f"FOREACH name IN ARRAY ARRAY[{names}]::text[] LOOP"
    large = f"pg_relation_size(format('%I', name)::regclass) > {LARGE}"
    truncate = f"IF {large} THEN EXECUTE format('TRUNCATE %I CASCADE', name); END IF;"
    delete = "EXECUTE format('DELETE FROM %I', name);"
    loops = f"{each} {truncate} END LOOP; {each} {delete} END LOOP;"
    return f"DO $$ DECLARE name text; BEGIN {loops} END $$"
