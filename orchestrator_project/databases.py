"""``DATABASE_URL`` as Django's ``DATABASES["default"]``, with the options each engine needs.

SQLite loses work without write-ahead logging and immediate transactions: a deferred transaction
that reads first and writes later is refused at once, whatever its timeout.
"""

from pathlib import Path
from typing import Any

import dj_database_url

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,  # Seconds to wait for another writer.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
POSTGRESQL_OPTIONS = {
    # A lost host is noticed within a minute, not after the kernel's two hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


def database(url: str | None, *, base_dir: Path) -> dict[str, Any]:
    """Return Django's settings for ``url``, or for ``orchestrator.sqlite3`` in ``base_dir``."""
    config: dict[str, Any] = dict(
        dj_database_url.parse(url or f"sqlite:///{base_dir / 'orchestrator.sqlite3'}")
    )
    sqlite = config["ENGINE"].endswith("sqlite3")
    options = SQLITE_OPTIONS if sqlite else POSTGRESQL_OPTIONS
    return config | {
        "OPTIONS": options | config.get("OPTIONS", {}),
        "CONN_MAX_AGE": None if sqlite else 600,
        "CONN_HEALTH_CHECKS": not sqlite,
    }
