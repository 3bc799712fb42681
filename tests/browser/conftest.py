"""A site of its own, and an operator who is logged in to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.operator import Operator, browser_of, operator_of
from tests.journeys.lso import RemoteSystem
from tests.journeys.site import APPS, Site, running_site

LAB = (
    APPS,
    "examples.users",
    "examples.nodes",
    "tests.browser.showcase",
    "tests.browser.every_input",
)


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run a site with a worker."""
    with running_site(tmp_path_factory.mktemp("console"), apps=",".join(LAB)) as site:
        site.start_worker()
        yield site


@pytest.fixture(scope="package")
def browser(chromium: Path) -> Iterator[Browser]:
    """Run a browser in which everybody has a window of their own."""
    with browser_of(chromium) as browser:
        yield browser


@pytest.fixture
def operator(site: Site, browser: Browser) -> Iterator[Operator]:
    """Return an operator who has logged in, and who must have nothing to complain about."""
    with operator_of(site, browser) as operator:
        operator.log_in()
        yield operator
        assert not operator.complaints


@pytest.fixture
def system() -> Iterator[RemoteSystem]:
    """Return a remote system that answers once."""
    system = RemoteSystem()
    yield system
    system.close()
