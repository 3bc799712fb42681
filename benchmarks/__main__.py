"""Measure on PostgreSQL and on SQLite, and print the figures as ratios and as they are."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.services import servers

ROOT = Path(__file__).resolve().parents[1]
ORM = "baseline ORM steps/s"
NOTIFY = "baseline NOTIFY ms"
OFFSET = "baseline page 500 by OFFSET, ms"


def main() -> None:
    """Run the measures on each database and print them."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--database-url", help="An empty database to measure on, instead of both.")
    parser.add_argument("--json", action="store_true", help="Print JSON instead of a table.")
    parser.add_argument(
        "--lists", action="store_true", help="Measure the process list beside 100,000 processes."
    )
    options = parser.parse_args()
    command = "measure_lists" if options.lists else "measure"
    began = time.monotonic()
    results = [_measure(url, command) for url in _databases(options.database_url)]
    if options.json:
        _say(json.dumps(results, indent=2))
        return
    for result in results:
        _print(result)
    _say(f"\n{time.monotonic() - began:.0f} s, load average {os.getloadavg()[0]:.1f}")


def _databases(url: str | None) -> Iterator[str]:
    """Yield the address of each database while it is there."""
    if url:
        yield url
        return
    with _durable_postgresql() as address:
        yield address
    with tempfile.TemporaryDirectory() as directory:
        yield f"sqlite:///{directory}/benchmark.sqlite3"


@contextlib.contextmanager
def _durable_postgresql() -> Iterator[str]:
    """Lend a server like the tests' own, but one that writes to the disk as in production."""
    servers.SETTINGS.update(fsync="on", full_page_writes="on")
    with servers.postgresql() as server:
        yield server.url


def _measure(url: str, command: str) -> dict[str, Any]:
    environment = os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "orchestrator_project.settings",
        "ORCHESTRATOR_APPS": "benchmarks.lab",
        "LOG_LEVEL": "WARNING",
    }
    ran = subprocess.run(  # noqa: S603 - one of our own commands.
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    figures: dict[str, Any] = json.loads(ran.stdout)
    return figures


def _print(figures: dict[str, Any]) -> None:
    _say(f"\n{figures.pop('database')}")
    for name, value in figures.items():
        _say(f"  {name:<54} {_shown(value):>20}  {_beside(name, value, figures)}")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['p50']:.1f} (p95 {value['p95']:.1f})"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _beside(name: str, value: Any, figures: dict[str, Any]) -> str:
    """Return the ratio to the baseline of the same kind."""
    if OFFSET in figures and name != OFFSET:
        return f"{value / figures[OFFSET]:.2f} of the OFFSET page"
    if "steps/s" in name and name != ORM:
        return f"{value / figures[ORM]:.2f} of the ORM loop"
    if isinstance(value, dict) and name != NOTIFY and NOTIFY in figures:
        return f"{value['p50'] / figures[NOTIFY]['p50']:.0f} NOTIFYs"
    return ""


if __name__ == "__main__":
    main()
