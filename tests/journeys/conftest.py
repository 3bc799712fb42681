"""One site for all journeys: its programs start once, and every journey makes its own processes."""

from collections.abc import Iterator

import pytest

from tests.journeys.lso import RemoteSystem
from tests.journeys.site import Client, Site, running_site


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run a site, without a worker, until the tests end."""
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(shared_site: Site) -> Site:
    """Return the site, with a worker at work."""
    shared_site.start_worker()
    return shared_site


@pytest.fixture
def client(site: Site) -> Client:
    """Return a client of the site's API."""
    return site.client


@pytest.fixture
def playbook_runner(site: Site) -> str:
    """Return the address of the example's playbook runner, which runs real playbooks."""
    return site.start_runner()


@pytest.fixture
def system() -> Iterator[RemoteSystem]:
    """Return a remote system that answers once."""
    system = RemoteSystem()
    yield system
    system.close()
