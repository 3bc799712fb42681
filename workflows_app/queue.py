"""The process table as the queue: claim what is due, renew a claim, wake the workers.

Whether a process is runnable is written in its row (``models.process``, Note [Due]), so a wake-up
cannot be lost or doubled: it only shortens a sleep. A claim is a lease with a fence number: every
checkpoint names the number it was given, and a worker that was merely slow finds that it moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, Min
from django.utils import timezone

from workflows_app import app_settings
from workflows_app.clock import database_now
from workflows_app.models import EngineSettings, Process

CHANNEL = "orchestrator_wake"

# The database's clock decides on PostgreSQL, where several hosts share it.
_CLAIM_POSTGRESQL = """
WITH due AS MATERIALIZED (
    SELECT id FROM workflows_app_process
    WHERE due_at <= statement_timestamp()
      AND NOT EXISTS (SELECT 1 FROM workflows_app_enginesettings WHERE global_lock)
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE workflows_app_process AS process
SET status = CASE status WHEN 'aborted' THEN status ELSE 'running' END,
    interruptions = CASE status WHEN 'running' THEN interruptions + 1 ELSE 0 END,
    fence = fence + 1, worker = %(worker)s, due_at = statement_timestamp() + %(lease)s
FROM due WHERE process.id = due.id
RETURNING process.id, process.fence
"""
_CLAIM_SQLITE = """
UPDATE workflows_app_process
SET status = CASE status WHEN 'aborted' THEN status ELSE 'running' END,
    interruptions = CASE status WHEN 'running' THEN interruptions + 1 ELSE 0 END,
    fence = fence + 1, worker = %(worker)s, due_at = %(expires)s
WHERE id IN (
    SELECT id FROM workflows_app_process
    WHERE due_at <= %(now)s
      AND NOT EXISTS (SELECT 1 FROM workflows_app_enginesettings WHERE global_lock)
    ORDER BY due_at LIMIT %(limit)s
)
RETURNING id, fence
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a process until the lease ends or the fence moves on."""

    process_id: UUID
    fence: int


def claim(limit: int = 1, *, worker: str = "local") -> list[Claim]:
    """Claim up to ``limit`` due processes, the longest due first. One statement.

    Nothing is claimed while the engine is paused.
    """
    if connection.vendor == "postgresql":
        rows = _rows(
            _CLAIM_POSTGRESQL,
            {"limit": limit, "worker": worker, "lease": app_settings.lease()},
        )
        return [Claim(*row) for row in rows]
    if not Process.objects.filter(due_at__lte=timezone.now()).exists():
        return []  # A read needs no lock; the write below waits for other writers.
    now = timezone.now()
    rows = _rows(
        _CLAIM_SQLITE,
        {
            "limit": limit,
            "worker": worker,
            "now": _sqlite_time(now),
            "expires": _sqlite_time(now + app_settings.lease()),
        },
    )
    return [Claim(UUID(pk), fence) for pk, fence in rows]


def renew(claim: Claim) -> bool:
    """Extend the lease of ``claim``; False if the claim is no longer held."""
    held = Process.objects.filter(pk=claim.process_id, fence=claim.fence).exclude(worker="")
    return bool(held.update(due_at=database_now() + app_settings.lease()))


def wake() -> None:
    """Tell sleeping workers that something is due. Leaves at commit; SQLite's workers poll."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def next_due() -> timedelta | None:
    """Return how long until something is due, or None if nothing will be (or may be)."""
    unpaused = Process.objects.exclude(Exists(EngineSettings.objects.filter(global_lock=True)))
    earliest: datetime | None = unpaused.aggregate(earliest=Min("due_at"))["earliest"]
    return None if earliest is None else max(earliest - timezone.now(), timedelta(0))


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _sqlite_time(moment: datetime) -> str:
    return str(connection.ops.adapt_datetimefield_value(moment))
