"""The measures, one after the other, on the database that ``DATABASE_URL`` names."""

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import requests
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, Min
from django.utils import timezone
from rest_framework.authtoken.models import Token

from benchmarks import programs
from benchmarks.baselines import (
    median,
    notify_milliseconds,
    orm_steps_per_second,
    p95,
    raw_steps_per_second,
)
from benchmarks.lab.workflows import STEPS
from callbacks_app import answers, tokens
from callbacks_app.models import CallbackToken
from workflows_app import engine, queue
from workflows_app.models import Process, ProcessStep, Workflow

PROCESSES = 200
SAMPLES = 60
WAITING = 500
CLIENTS = 8
BESIDE = 10_000
SIZES = {"1 KB": 1_000, "100 KB": 100_000, "1 MB": 1_000_000}

Figures = dict[str, Any]


def measure() -> Figures:
    """Measure everything; some of it twice, with many rows beside the second time."""
    call_command("migrate", verbosity=0)
    call_command("sync_workflows", stdout=io.StringIO())
    figures: Figures = {"database": connection.vendor}
    figures["baseline ORM steps/s"] = orm_steps_per_second(PROCESSES)
    figures["baseline driver steps/s"] = raw_steps_per_second(PROCESSES)
    if connection.vendor == "postgresql":
        figures["baseline NOTIFY ms"] = _spread(notify_milliseconds())
    for number in (1, 2):
        figures[f"steps/s, {number} worker" + "s" * (number > 1)] = _throughput(number)
    figures |= _latencies("")
    figures |= _answer_many()
    figures |= _state_sizes()
    _put_beside()
    figures[f"steps/s, 1 worker, {BESIDE} beside"] = _throughput(1)
    figures |= _latencies(f", {BESIDE} beside")
    return figures


def _throughput(workers: int) -> float:
    """Let workers run a backlog, and return the steps per second from its first to its last."""
    started = [engine.start("bench_steps", by="benchmark").pk for _ in range(PROCESSES)]
    mine = Process.objects.filter(pk__in=started)
    with programs.workers(workers):
        programs.until(lambda: not mine.exclude(status="completed").exists(), "all have ended")
    steps = ProcessStep.objects.filter(process__in=started, position__gt=0)
    span = steps.aggregate(first=Min("started_at"), last=Max("completed_at"))
    return PROCESSES * STEPS / float((span["last"] - span["first"]).total_seconds())


def _latencies(when: str) -> Figures:
    """Measure how soon a start and an answer are acted on, by call and over HTTP."""
    with programs.workers(2), programs.site() as address, requests.Session() as client:
        client.headers["Authorization"] = f"Token {_token()}"
        _from_start(lambda: _start_over_http(client, address))  # Warm.
        return {
            f"start() to step, ms{when}": _from_start(_start_by_call),
            f"start over HTTP to step, ms{when}": _from_start(
                lambda: _start_over_http(client, address)
            ),
            f"answer to step, ms{when}": _from_answer(_answer_by_call),
            f"answer over HTTP to step, ms{when}": _from_answer(
                lambda callback: _answer_over_http(client, address, callback)
            ),
        }


def _from_start(start: Callable[[], str]) -> Figures:
    taken = []
    for _ in range(SAMPLES):
        time.sleep(0.01)
        began = time.monotonic()
        taken.append(1000 * (_marked_at(start()) - began))
    return _spread(taken)


def _from_answer(answer: Callable[[CallbackToken], None]) -> Figures:
    waiting = [engine.start("bench_callback", by="benchmark").pk for _ in range(SAMPLES)]
    _wait_for("awaiting_callback", waiting)
    taken = []
    for callback in CallbackToken.objects.filter(process__in=waiting):
        time.sleep(0.01)
        began = time.monotonic()
        answer(callback)
        taken.append(1000 * (_marked_at(str(callback.process_id)) - began))
    return _spread(taken)


def _answer_many() -> Figures:
    """Answer many waiting processes from several clients at once."""
    with programs.workers(2), programs.site() as address:
        began = time.monotonic()
        waiting = [engine.start("bench_callback", by="benchmark").pk for _ in range(WAITING)]
        _wait_for("awaiting_callback", waiting)
        parked = time.monotonic()
        callbacks = list(CallbackToken.objects.filter(process__in=waiting))
        first_post = timezone.now()
        with ThreadPoolExecutor(CLIENTS) as pool, requests.Session() as client:
            list(pool.map(lambda each: _answer_over_http(client, address, each), callbacks))
        accepted = timezone.now()
        _wait_for("completed", waiting)
    last = Process.objects.filter(pk__in=waiting).aggregate(last=Max("finished_at"))["last"]
    return {
        f"{WAITING} processes: started and parked/s": WAITING / (parked - began),
        f"{WAITING} answers by {CLIENTS} clients: accepted/s": _rate(accepted - first_post),
        f"{WAITING} answers by {CLIENTS} clients: completed/s": _rate(last - first_post),
    }


def _rate(span: timedelta) -> float:
    return WAITING / span.total_seconds()


def _state_sizes() -> Figures:
    """Carry a value through ten steps, in this thread: what is stored, and the time of a step."""
    figures: Figures = {}
    stored = "pg_column_size(patch)" if connection.vendor == "postgresql" else "length(patch)"
    for name, size in SIZES.items():
        process = engine.start("bench_state", inputs=[{"size": size}], by="benchmark")
        began = time.perf_counter()
        while claims := queue.claim(1):
            engine.advance(claims[0])
        figures[f"state of {name}: ms/step"] = 1000 * (time.perf_counter() - began) / (STEPS + 1)
        bytes_stored = process.steps.extra(select={"bytes": stored}).values_list("bytes", flat=True)  # noqa: S610
        figures[f"state of {name}: stored/size"] = sum(bytes_stored) / size
    return figures


def _put_beside() -> None:
    """Add processes that wait: for an answer, and for a time that is far away."""
    workflow = Workflow.objects.get(name="bench_callback")
    later = timezone.now() + timedelta(days=7)
    waits = [("awaiting_callback", None), ("waiting", later)]
    rows = [
        Process(workflow=workflow, status=status, due_at=due_at, created_by="benchmark")
        for status, due_at in waits * (BESIDE // 2)
    ]
    Process.objects.bulk_create(rows, batch_size=1000)
    steps = (
        ProcessStep(
            process=row, position=0, path="Start", name="Start", status="success", started_at=later
        )
        for row in rows
    )
    ProcessStep.objects.bulk_create(steps, batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _start_by_call() -> str:
    return str(engine.start("bench_start", by="benchmark").pk)


def _start_over_http(client: requests.Session, address: str) -> str:
    answer = client.post(f"{address}/api/processes/bench_start", json=[], timeout=30)
    answer.raise_for_status()
    return str(answer.json()["id"])


def _answer_by_call(callback: CallbackToken) -> None:
    answers.receive(callback, answers.Answer(result={"status": "ok"}))


def _answer_over_http(client: requests.Session, address: str, callback: CallbackToken) -> None:
    url = f"{address}{tokens.route(callback)}"
    client.post(url, json={"status": "ok"}, timeout=30).raise_for_status()


def _marked_at(process: str) -> float:
    rows = ProcessStep.objects.filter(process_id=process, name="Mark", status="success")
    programs.until(rows.exists, "the step has run")
    return float(rows.get().patch["at"])


def _wait_for(status: str, processes: list[Any]) -> None:
    others = Process.objects.filter(pk__in=processes).exclude(status=status)
    programs.until(lambda: not others.exists(), f"all are {status}")


def _token() -> str:
    user = get_user_model().objects.get(username="admin")
    return str(Token.objects.get_or_create(user=user)[0].key)


def _spread(values: list[float]) -> Figures:
    return {"p50": median(values), "p95": p95(values)}
