"""What every test may ask for, and which tests run on which database."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast
from unittest import mock

import hypothesis
import pytest
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations

from tests.services.programs import find_chromium, without
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY

# A deadline measures the machine, not the code.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")

LARGE = 1_000_000  # Bytes of a table, the room of deleted rows included; it is truncated.


def pytest_report_header() -> str:
    version = f"SQLite {sqlite3.sqlite_version}"
    return f"database: {'PostgreSQL' if connection.vendor == 'postgresql' else version}"


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    _keep_packages_together(items)
    reasons = {}
    if connection.vendor != "postgresql":
        reasons["postgresql"] = "needs PostgreSQL: `make test` runs it there"
    if "browser" in without():
        reasons["browser"] = "WITHOUT=browser"
    for item in items:
        for marker in reasons.keys() & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.skip(reason=reasons[marker]))


def _keep_packages_together(items: Sequence[pytest.Item]) -> None:
    """Sort the tests so that what a package shares, a site say, is set up once, in any order."""
    order: dict[Path, int] = {}
    for item in items:
        order.setdefault(item.path.parent, len(order))
    cast(list[pytest.Item], items).sort(key=lambda item: order[item.path.parent])


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """Empty PostgreSQL's tables after a test by deleting the rows, if they are few.

    Django truncates them all, which writes a new file for every table and index: that took longer
    than the tests. Foreign keys are looked at when the transaction ends, so the order is free.
    """
    with mock.patch.object(DatabaseOperations, "sql_flush", _deletions):
        yield


def _deletions(
    _operations: DatabaseOperations, _style: object, tables: Sequence[str], **_options: bool
) -> list[str]:
    names = ", ".join(f"'{name}'" for name in tables)
    each = f"FOREACH name IN ARRAY ARRAY[{names}]::text[] LOOP"
    large = f"pg_relation_size(format('%I', name)::regclass) > {LARGE}"
    truncate = f"IF {large} THEN EXECUTE format('TRUNCATE %I CASCADE', name); END IF;"
    delete = "EXECUTE format('DELETE FROM %I', name);"
    loops = f"{each} {truncate} END LOOP; {each} {delete} END LOOP;"
    return [f"DO $$ DECLARE name text; BEGIN {loops} END $$"]


@pytest.fixture(autouse=True)
def registered_models() -> Iterator[None]:
    """Forget the domain models that a test registers."""
    with mock.patch.dict(SUBSCRIPTION_MODEL_REGISTRY):
        yield


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return the browser's path. That there is none is an error, unless ``WITHOUT`` says so."""
    return find_chromium()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite's test database in a file, which threads and programs of a test can share."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)
