"""The commands that the package describes."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import tests.services
from tests.services.programs import Missing, find_chromium, find_postgresql, without
from tests.services.servers import postgresql
from tests.services.signals import Terminated, terminable

PATIENCE = 60  # Seconds that an interrupted command gets to end.


def main(arguments: Sequence[str]) -> int | str:
    """Run a command; return what ``sys.exit`` takes."""
    try:
        match arguments:
            case ["install"]:
                return install()
            case ["run", "--", _, *_]:
                return run(arguments[2:])
            case ["both", "--", _, *_]:
                return both(arguments[2:])
            case _:
                return tests.services.__doc__ or ""
    except Missing as error:
        return f"tests.services: {error}"
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def install() -> int:
    """Make sure that the tests will find what they need, and say where it is."""
    for name, find in {"postgresql": find_postgresql, "browser": find_chromium}.items():
        print(f"{name}: {'left out' if name in without() else find()}", flush=True)
    return 0


def run(command: Sequence[str], **environment: str) -> int:
    """Run a command with a new PostgreSQL as its ``DATABASE_URL``; return its exit status."""
    if "postgresql" in without():
        print(f"WITHOUT=postgresql, so not run: {' '.join(command)}", file=sys.stderr)
        return 0
    with postgresql() as server:
        variables = os.environ | environment | {"DATABASE_URL": server.url}
        child = subprocess.Popen(command, env=_apart(variables, "postgresql"))
        with _ending(child):
            return _status(child)


def both(command: Sequence[str]) -> int:
    """Run a command on SQLite and on PostgreSQL at once; return the exit status of a failure.

    The output on PostgreSQL is shown as it comes, that on SQLite after it. Tests that use no
    database are told to run on SQLite only: on PostgreSQL they would do the same again.
    """
    on_sqlite = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with tempfile.TemporaryFile() as output, terminable():
        child = subprocess.Popen(
            command, env=_apart(on_sqlite, "sqlite"), stdout=output, stderr=subprocess.STDOUT
        )
        with _ending(child):
            status = run(command, TESTS_OF="database")
            first = _status(child)
        output.seek(0)
        print("\n── the same on SQLite", flush=True)
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()
    return status or first


def _apart(variables: Mapping[str, str], name: str) -> dict[str, str]:
    """Let two runs at once measure their coverage into files of their own."""
    return dict(variables) | {"COVERAGE_FILE": f".coverage.{name}"}


@contextmanager
def _ending(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let no child outlive the block."""
    try:
        yield
    except BaseException as interruption:
        # A terminal's Ctrl-C has reached it already.
        if not isinstance(interruption, KeyboardInterrupt) or isinstance(interruption, Terminated):
            child.send_signal(signal.SIGINT)
        _wait_or_kill(child)
        raise


def _status(child: subprocess.Popen[bytes]) -> int:
    status = child.wait()
    return status if status >= 0 else 128 - status


def _wait_or_kill(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
