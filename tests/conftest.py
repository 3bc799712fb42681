"""What every test may ask for, and which tests run on which database."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import hypothesis
import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone, translation

from tests import emptying
from tests.services.programs import find_chromium, without
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY

# A deadline measures the machine, not the code.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")


def pytest_configure() -> None:
    """Take interrupts: a shell's job in the background ignores them, and so does what it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    version = f"SQLite {sqlite3.sqlite_version}"
    return f"database: {'PostgreSQL' if connection.vendor == 'postgresql' else version}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _keep_packages_together(items)
    if os.environ.get("TESTS_OF") == "database":
        config.hook.pytest_deselected(items=[item for item in items if not _of_database(item)])
        items[:] = filter(_of_database, items)
    reasons = {}
    if connection.vendor != "postgresql":
        reasons["postgresql"] = "needs PostgreSQL: `make test` runs it there"
    if "browser" in without():
        reasons["browser"] = "WITHOUT=browser"
    for item in items:
        for marker in reasons.keys() & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.skip(reason=reasons[marker]))


def _of_database(item: pytest.Item) -> bool:
    """Whether the test asks for a database, by a mark or a fixture."""
    marks = {mark.name for mark in item.iter_markers()}
    fixtures = getattr(item, "fixturenames", ())
    if marks & {"django_db", "postgresql", "cluster", "browser"}:
        return True
    return bool({"db", "transactional_db"} & set(fixtures))


def _keep_packages_together(items: list[pytest.Item]) -> None:
    """Sort the tests so that what a package shares, a site say, is set up once, in any order."""
    order: dict[Path, int] = {}
    for item in items:
        order.setdefault(item.path.parent, len(order))
    items.sort(key=lambda item: order[item.path.parent])


@pytest.fixture(scope="session", autouse=True)
def quickly() -> Iterator[None]:
    """Leave out, in every test, what costs more than the tests do.

    WhiteNoise looks for every static file whenever a client is made, unless it looks for each one
    that is asked for.
    """
    with emptying.quickly(), override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(autouse=True)
def registered_models() -> Iterator[None]:
    """Forget the domain models that a test registers."""
    with mock.patch.dict(SUBSCRIPTION_MODEL_REGISTRY):
        yield


@pytest.fixture(autouse=True)
def no_reader() -> Iterator[None]:
    """Forget the language and the time zone of the last page, which stay those of its thread."""
    yield
    translation.deactivate()
    timezone.deactivate()


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
