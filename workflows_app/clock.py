"""Which clock decides: the database's where several hosts share one, else this host's."""

from datetime import datetime

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone


def database_now() -> Now | datetime:
    """Return "now" for use in a query."""
    return Now() if connection.vendor == "postgresql" else timezone.now()


def read_clock() -> datetime:
    """Return what the clock that decides shows now."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
