"""The commands that the package describes."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import tests.services
from tests.services.programs import Missing, find_chromium, find_postgresql, without
from tests.services.servers import postgresql
from tests.services.signals import Terminated

PATIENCE = 60  # Seconds that an interrupted command gets to end.


def main(arguments: Sequence[str]) -> int | str:
    """Run a command; return what ``sys.exit`` takes."""
    try:
        match arguments:
            case ["install"]:
                return install()
            case ["run", "--", _, *_]:
                return run(arguments[2:])
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


def run(command: Sequence[str]) -> int:
    """Run a command with a new PostgreSQL as its ``DATABASE_URL``; return its exit status."""
    if "postgresql" in without():
        print(f"WITHOUT=postgresql, so not run: {' '.join(command)}", file=sys.stderr)
        return 0
    with postgresql() as server:
        child = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": server.url})
        try:
            status = child.wait()
        except KeyboardInterrupt as interruption:
            if isinstance(interruption, Terminated):  # A terminal's Ctrl-C has reached it already.
                child.send_signal(signal.SIGINT)
            _wait_or_kill(child)
            raise
    return status if status >= 0 else 128 - status


def _wait_or_kill(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
