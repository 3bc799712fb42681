"""The process list beside many processes: what a page, a search and a poll of it take."""

import io
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.workflows_app.console import field
from workflows_app import keyset
from workflows_app.console.listing import Key, parts
from workflows_app.models import (
    Process,
    ProcessStep,
    ProcessSubscription,
    Product,
    Subscription,
    Workflow,
)
from workflows_app.selection import Selection

FEW, MANY = 1_000, 100_000
STEPS = 3
SUBSCRIPTIONS = 20_000
SIZE = 50
DEEP = 500  # Pages.
SAMPLES = 15
COLUMNS = Key._fields
ABORTED = 200
OFFSET = "baseline page 500 by OFFSET, ms"
UNFINISHED = (
    ("suspended", False),
    ("failed", False),
    ("awaiting_callback", False),
    ("waiting", True),
)


def measure() -> dict[str, Any]:
    """Measure the list beside few processes and beside many."""
    call_command("migrate", verbosity=0)
    call_command("sync_workflows", stdout=io.StringIO())
    user, client = (
        get_user_model().objects.create_superuser("operator"),
        Client(SERVER_NAME="localhost"),
    )
    client.force_login(user)
    figures: dict[str, Any] = {"database": connection.vendor}
    for count in (FEW, MANY):
        populate(count)
        figures[f"page 1 beside {count}, ms"] = _taken(lambda: _page(user))
        figures[f"the console's page beside {count}, ms"] = _taken(lambda: _get(client, ""))
        figures[f"a poll answered by 304 beside {count}, ms"] = _poll(client)
    figures |= _deep(user)
    vlan = ProcessStep.objects.filter(position=0)[MANY // 3].patch["vlan"]
    for what, query in {"a value of the state": f"vlan={vlan}", "a word": "4711"}.items():
        figures[f"search for {what}, ms"] = _taken(partial(_get, client, f"?q={query}"))
    figures[f"{ABORTED} aborts in one request, ms"] = _abort_many(client)
    return figures


def _abort_many(client: Client) -> float:
    """Look at what will happen to many, then abort them: what the operator waits for, once."""
    chosen = Process.objects.filter(finished_at=None).values_list("pk", flat=True)[:ABORTED]
    shown = client.post("/admin/processes/many/", {"action": "abort", "process": list(chosen)})
    names = ("wanted", "key", "query")
    sent = {name: field(shown, name) for name in names} | {"action": "abort", "reason": "measured"}
    began = time.perf_counter()
    client.post("/admin/processes/many/do/", sent)
    taken = 1000 * (time.perf_counter() - began)
    if Process.objects.filter(status="aborted").count() != ABORTED:
        raise RuntimeError("they are not aborted")
    return taken


def _deep(user: Any) -> dict[str, float]:
    """Compare a page far down with the same page by OFFSET, as the list was read before."""
    newest = _rows(user).order_by("-created_at", "-pk")
    skipped = DEEP * SIZE
    above = newest[skipped - 1]
    at = keyset.Cursor(0, above.created_at, above.pk)
    return {
        "page 500, ms": _taken(lambda: _page(user, "newest", at)),
        OFFSET: _taken(
            lambda: list(newest.values_list(*COLUMNS)[DEEP * SIZE : DEEP * SIZE + SIZE])
        ),
    }


def _page(user: Any, sort: str = "", at: keyset.Cursor | None = None) -> keyset.Page[Key]:
    return keyset.page(parts(_rows(user), sort), by="created_at", size=SIZE, at=at)


def _rows(user: Any) -> Any:
    return Selection().rows(user)


def _poll(client: Client) -> float:
    tag = client.get("/admin/processes/rows/")["ETag"]

    def poll() -> None:
        answer = client.get("/admin/processes/rows/", headers={"If-None-Match": tag})
        if answer.status_code != 304:
            raise RuntimeError("the list has changed")

    return _taken(poll)


def _get(client: Client, query: str) -> None:
    if client.get(f"/admin/processes/{query}").status_code != 200:
        raise RuntimeError("there is no such page")


def _taken(call: Callable[[], object]) -> float:
    """Return the median of some calls in milliseconds, after a first one."""
    call()
    taken = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def populate(count: int) -> None:
    """Add processes until there are ``count``; of each hundred one is unfinished."""
    chance = random.Random(count)  # noqa: S311 - the same rows in each run.
    workflow = Workflow.objects.get_or_create(name="bench_list", defaults={"target": "CREATE"})[0]
    subscriptions = _subscriptions()
    now, have = timezone.now(), Process.objects.count()
    for first in range(have, count, 5_000):
        numbers = range(first, min(first + 5_000, count))
        rows = [_process(workflow, number, now, chance) for number in numbers]
        Process.objects.bulk_create(rows, batch_size=1_000)
        ProcessStep.objects.bulk_create(_steps(rows), batch_size=2_000)
        ProcessSubscription.objects.bulk_create(
            (
                ProcessSubscription(
                    process=row, subscription=chance.choice(subscriptions), target="CREATE"
                )
                for row in rows
            ),
            batch_size=2_000,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _subscriptions() -> list[Subscription]:
    product = Product.objects.get_or_create(
        name="Bench", defaults={"product_type": "Bench", "tag": "B"}
    )[0]
    missing = SUBSCRIPTIONS - Subscription.objects.count()
    Subscription.objects.bulk_create(
        (
            Subscription(
                product=product,
                customer_id=f"customer {number % 500}",
                description=f"L2VPN {number}",
            )
            for number in range(missing)
        ),
        batch_size=1_000,
    )
    return list(Subscription.objects.all())


def _process(workflow: Workflow, number: int, now: datetime, chance: random.Random) -> Process:
    at = now - timedelta(seconds=60 * number)
    status, due = ("completed", False) if number % 100 else chance.choice(UNFINISHED)
    return Process(
        workflow=workflow,
        status=status,
        created_by=f"user {number % 20}",
        created_at=at,
        modified_at=at,
        note=f"ticket {number}" if number % 10 == 0 else "",
        finished_at=at if status == "completed" else None,
        due_at=now + timedelta(days=7) if due else None,
    )


def _steps(rows: list[Process]) -> Iterator[ProcessStep]:
    for number, row in enumerate(rows):
        vlan = row.pk.int % 4096
        for position in range(STEPS):
            yield ProcessStep(
                process=row,
                position=position,
                path=f"Step {position}",
                name=f"Step {position}",
                status="success",
                patch={
                    "vlan": vlan,
                    "i": position,
                    "port": {"name": f"ge-{number}"},
                },
                started_at=row.created_at,
            )
