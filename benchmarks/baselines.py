"""What the machine does without an engine: the same rows, written by loops."""

import sqlite3
import statistics
import threading
import time
import uuid
from collections.abc import Iterator

import psycopg
from django.db import connection, transaction
from django.utils import timezone

from benchmarks.lab.workflows import STEPS
from workflows_app.models import Process, ProcessStep, Workflow

ROUND_TRIPS = 100


def orm_steps_per_second(processes: int) -> float:
    """Save and create in one transaction for each step, with Django's ORM, in one process."""
    rows = _rows(processes)
    began = time.perf_counter()
    for process in rows:
        for position in range(STEPS):
            _orm_step(process, position)
    return processes * STEPS / (time.perf_counter() - began)


def raw_steps_per_second(processes: int) -> float:
    """UPDATE, INSERT and COMMIT for each step, with the database's own driver, in one process."""
    rows = _rows(processes)
    with _raw_connection() as raw:
        began = time.perf_counter()
        for process in rows:
            for position in range(STEPS):
                _raw_step(raw, process, position)
        return processes * STEPS / (time.perf_counter() - began)


def notify_milliseconds() -> list[float]:
    """Return the times from a NOTIFY to its arrival at another connection."""
    arrived: list[float] = []
    heard = threading.Event()
    url = connection.get_connection_params()
    url = {name: url[name] for name in ("dbname", "user", "host", "port")}
    with psycopg.connect(**url, autocommit=True) as listening:
        listening.execute("LISTEN benchmark")

        def listen() -> None:
            for _ in listening.notifies(stop_after=ROUND_TRIPS):
                arrived.append(time.perf_counter())
                heard.set()

        thread = threading.Thread(target=listen)
        thread.start()
        sent = list(_notify(url, heard))
        thread.join()
    return [1000 * (later - earlier) for earlier, later in zip(sent, arrived, strict=True)]


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def p95(values: list[float]) -> float:
    """Return the value that 95 % do not exceed."""
    return sorted(values)[int(len(values) * 0.95)]


def _notify(url: dict[str, object], heard: threading.Event) -> Iterator[float]:
    with psycopg.connect(**url, autocommit=True) as notifying:  # type: ignore[arg-type]
        for _ in range(ROUND_TRIPS):
            time.sleep(0.002)  # The listener is back in its wait.
            heard.clear()
            yield time.perf_counter()
            notifying.execute("NOTIFY benchmark")
            heard.wait()


def _rows(processes: int) -> list[Process]:
    workflow = Workflow.objects.get(name="bench_steps")
    now = timezone.now()
    return Process.objects.bulk_create(
        Process(workflow=workflow, status="suspended", due_at=None, created_at=now)
        for _ in range(processes)
    )


@transaction.atomic
def _orm_step(process: Process, position: int) -> None:
    now = timezone.now()
    process.next_step, process.modified_at = f"Step {position}", now
    process.save(update_fields=["next_step", "modified_at"])
    ProcessStep.objects.create(
        process=process,
        position=position,
        path=f"Step {position}",
        name=f"Step {position}",
        status="success",
        patch={"i": position},
        started_at=now,
        completed_at=now,
    )


def _raw_connection() -> psycopg.Connection | sqlite3.Connection:
    if connection.vendor == "postgresql":
        url = connection.get_connection_params()
        names = ("dbname", "user", "host", "port")
        return psycopg.connect(**{name: url[name] for name in names})
    raw = sqlite3.connect(connection.settings_dict["NAME"], timeout=20)
    raw.execute("PRAGMA synchronous=NORMAL")
    return raw


_UPDATE = "UPDATE workflows_app_process SET next_step = ?, modified_at = ? WHERE id = ?"
_INSERT = """
INSERT INTO workflows_app_processstep
    (process_id, position, path, name, kind, status, patch, attempt, "by", started_at,
     completed_at, error_class, reason, traceback, superseded)
VALUES (?, ?, ?, ?, 'step', 'success', ?, 1, '', ?, ?, '', '', '', ?)
"""


def _raw_step(
    raw: psycopg.Connection | sqlite3.Connection, process: Process, position: int
) -> None:
    postgresql = isinstance(raw, psycopg.Connection)
    mark = "%s" if postgresql else "?"
    pk: uuid.UUID | str = process.pk if postgresql else process.pk.hex
    now, name = str(timezone.now()), f"Step {position}"
    values = (pk, position, name, name, f'{{"i": {position}}}', now, now, False)
    raw.execute(_UPDATE.replace("?", mark), (name, now, pk))
    raw.execute(_INSERT.replace("?", mark), values)
    raw.commit()
