"""What runs here: versions to report a fault with, and a digest that tells code from other code."""

import platform
from functools import lru_cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.db import connection

_ORCHESTRATOR = {"orchestrator_project", "callbacks_app", "workflows_app"}


@lru_cache(maxsize=1)
def code() -> str:
    """Return a digest of the orchestrator and the workflows, as they are when first asked for.

    Web and workers ask when they start, so it is of what they run, not of what is deployed later.
    """
    digest = blake2b(digest_size=6)
    for directory in sorted({path for app in apps.app_configs if (path := _own(app))}):
        for file in sorted(directory.rglob("*.py")):
            digest.update(str(file.relative_to(directory)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of what the site stands on, by their names."""
    return {
        "Orchestrator": f"{settings.SPECTACULAR_SETTINGS['VERSION']} ({code()})",
        "Django": django.get_version(),
        _DATABASES.get(connection.vendor, connection.vendor): _database(),
        "Python": platform.python_version(),
    }


_DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def _database() -> str:
    connection.ensure_connection()
    return ".".join(map(str, connection.get_database_version()))


def _own(app: str) -> Path | None:
    """Return where an app's package is, if it is the orchestrator's or has workflows."""
    name = apps.get_app_config(app).name
    if name not in _ORCHESTRATOR and find_spec(f"{name}.workflows") is None:
        return None
    return Path(apps.get_app_config(app).path)
