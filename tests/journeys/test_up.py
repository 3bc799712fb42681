"""``manage.py up`` runs a whole site, and however it ends, nothing of it is left."""

import os
import signal

import pytest
import requests

from tests.cluster.processes import PATIENCE_SECONDS, alive, children, until
from tests.journeys.programs import free_port, own_database, running
from tests.journeys.site import site_environment

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database that the tests of this module use one after the other."""
    with own_database(tmp_path_factory.mktemp("up")) as url:
        yield url


@pytest.fixture
def address():
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def up(database, address, tmp_path):
    """The whole site, ready to work."""
    bind = address.removeprefix("http://")
    with running(
        *("manage.py", "up", "--bind", bind, "--workers", "1"),
        environment=site_environment(database, address),
        output=tmp_path / "up",
    ) as program:
        until(lambda: ready(program, address), "the site and its worker are ready")
        yield program


def test_it_says_where_it_is_and_how_to_log_in_the_first_time(tmp_path, address):
    with own_database(tmp_path) as database:
        arguments = ("manage.py", "up", "--bind", address.removeprefix("http://"), "--no-worker")
        told = site_environment(database, address)
        with running(*arguments, environment=told, output=tmp_path / "first") as program:
            user, password = program.wait_for("first login").split(": ")[1].split(" / ")
            assert address in program.wait_for("Ctrl-C stops everything")
            until(lambda: answers(address), "the site answers")
            assert logs_in(address, user, password)
            assert not logs_in(address, user, "wrong")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_it_is_stopped(up, number):
    everybody = up.tree()
    assert len(everybody) == 8  # Itself; the site and its server; the worker and its pool of four.

    assert up.tell(number) == 0

    assert not any(map(alive, everybody))
    assert "Traceback" not in up.said


def test_nothing_is_left_when_it_is_killed(up):
    everybody = up.tree()

    up.tell(signal.SIGKILL)

    until(lambda: not any(map(alive, everybody)), "everybody is gone")


@pytest.mark.parametrize(("program", "name"), [(0, "the site"), (1, "the workers")])
def test_it_ends_when_one_of_its_programs_dies(up, program, name):
    everybody = up.tree()

    os.kill(children(up.process.pid)[program], signal.SIGKILL)

    assert up.process.wait(PATIENCE_SECONDS) == 1
    assert f"{name} ended, so everything was stopped" in up.said
    until(lambda: not any(map(alive, everybody)), "everybody is gone")


def ready(program, address):
    assert program.process.poll() is None, program.said
    return len(program.tree()) == 8 and answers(address)


def answers(address):
    try:
        return requests.get(f"{address}/healthz", timeout=10).ok
    except requests.ConnectionError:
        return False


def logs_in(address, user, password):
    with requests.Session() as browser:
        url = f"{address}/admin/login/?next=/admin/processes/"
        browser.get(url, timeout=10)
        form = {"username": user, "password": password}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        landed = browser.post(url, form, timeout=10)
        return landed.url == f"{address}/admin/processes/"
