"""``UPDATE … RETURNING``, which the ORM does not offer for updates (Django ticket 32406)."""

from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet
from django.db.models.sql import UpdateQuery


def update_returning(
    queryset: QuerySet[Any], returning: str, **values: Any
) -> list[tuple[Any, ...]]:
    """Update the rows of ``queryset`` and return the SQL expressions ``returning`` of each.

    Args:
        returning: SQL of our own, the same on PostgreSQL and SQLite (3.35 or newer).
    """
    query: Any = queryset.query.chain(UpdateQuery)
    query.add_update_values(values)
    with transaction.mark_for_rollback_on_error(using=queryset.db):
        sql, parameters = query.get_compiler(queryset.db).as_sql()
        with connections[queryset.db].cursor() as cursor:
            cursor.execute(f"{sql} RETURNING {returning}", parameters)
            return list(cursor.fetchall())
