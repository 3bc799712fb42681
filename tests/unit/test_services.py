"""The tests' own PostgreSQL. Whatever it loses or leaves behind, every other test would."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests.services import programs
from tests.services.programs import Missing, find_chromium, find_postgresql, without
from tests.services.servers import postgresql

# Tells its server, and sleeps.
SLEEPER = """
import os, time
print(os.environ["DATABASE_URL"], flush=True)
time.sleep(60)
"""


@pytest.mark.postgresql
def test_a_server_keeps_what_was_committed_over_restart_and_crash():
    with postgresql() as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE survivor (name text)")

        server.restart()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("INSERT INTO survivor VALUES ('kept')")
        server.restart(crash=True)

        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT name FROM survivor").fetchall() == [("kept",)]
        directory = server.directory

    assert not directory.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)


@pytest.mark.postgresql
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_when_the_owner_of_a_server_is_told_to_end(number, open_directory):
    command = [sys.executable, "-m", "tests.services", "run", "--", sys.executable, "-c", SLEEPER]
    environment = os.environ | {"TMPDIR": str(open_directory)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, process_group=0
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()

        if number in {signal.SIGINT, signal.SIGKILL}:  # As a terminal and a container send them.
            os.killpg(owner.pid, number)
        else:
            owner.send_signal(number)

        assert not owner.stdout.read()  # The end of the file: the command has ended too.
        assert owner.wait() == (-number if number == signal.SIGKILL else 128 + signal.SIGINT)

    _wait_until_empty(open_directory)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


@pytest.fixture
def open_directory():
    """Return a directory that the server's user may enter too: ``tmp_path`` is closed to it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _wait_until_empty(directory):
    deadline = time.monotonic() + 10
    while list(directory.iterdir()):
        assert time.monotonic() < deadline, "The server's directory is still there."
        time.sleep(0.02)


@pytest.mark.postgresql
def test_the_exit_status_of_the_command_is_passed_on():
    command = ["-m", "tests.services", "run", "--", sys.executable, "-c", "raise SystemExit(7)"]

    assert subprocess.run([sys.executable, *command], check=False).returncode == 7


@pytest.mark.postgresql
@pytest.mark.parametrize("failing", ["sqlite", "postgresql", ""])
def test_a_command_runs_on_both_and_one_failure_is_enough(failing):
    code = (
        "import os, sys; url = os.environ.get('DATABASE_URL', 'sqlite')\n"
        "print('on', url.split(':')[0], os.environ['COVERAGE_FILE'], flush=True)\n"
        f"sys.exit(7 if url.startswith({failing!r} or 'nothing') else 0)"
    )
    command = [sys.executable, "-m", "tests.services", "both", "--", sys.executable, "-c", code]

    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode == (7 if failing else 0)
    one, _, title, other = ran.stdout.splitlines()
    assert one == "on postgresql .coverage.postgresql"
    assert title == "── the same on SQLite"
    assert other == "on sqlite .coverage.sqlite"


@pytest.mark.postgresql
def test_both_runs_end_when_they_are_told_to():
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    command = [sys.executable, "-m", "tests.services", "both", "--", sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        children = Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text().split()

        owner.send_signal(signal.SIGTERM)

        assert owner.wait() == 128 + signal.SIGINT
    assert len(children) >= 2
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_what_is_missing_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(programs, "_found_or_installed", lambda find, package: None)
    monkeypatch.delenv("CHROMIUM", raising=False)

    with pytest.raises(Missing, match="Install a PostgreSQL server, 14 or newer"):
        find_postgresql()
    with pytest.raises(Missing, match="Install Chromium"):
        find_chromium()


def test_an_old_postgresql_is_not_found(monkeypatch, tmp_path):
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 13.9'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(programs, "_postgresql_places", lambda: iter([tmp_path]))

    assert programs._postgresql() is None


def test_the_chosen_browser_must_be_a_program(monkeypatch):
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert find_chromium() == Path(sys.executable)

    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    with pytest.raises(Missing, match="no-such-browser is not a program"):
        find_chromium()


def test_nothing_is_left_out_in_ci(monkeypatch):
    monkeypatch.setenv("WITHOUT", "postgresql,browser")
    monkeypatch.setenv("CI", "")
    assert without() == {"postgresql", "browser"}

    monkeypatch.setenv("CI", "true")
    with pytest.raises(Missing, match="tests everything"):
        without()


def test_a_misspelt_service_is_not_left_out(monkeypatch):
    monkeypatch.setenv("WITHOUT", "postgres")

    with pytest.raises(Missing, match="not postgres"):
        without()
