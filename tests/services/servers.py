"""A PostgreSQL server that lives as long as the block, or the process, that asked for it.

Note [Nothing is left behind]
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
Ctrl-C, and SIGTERM and SIGHUP by way of ``terminable``, leave through the ``finally`` blocks.
SIGKILL does not, so the server's directory has a guard: a shell that waits for the end of a pipe
whose other end only this process holds. When that is closed, by us or by our death, it kills the
server if there still is one, and removes the directory.
"""

import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.programs import Missing, find_postgresql
from tests.services.signals import terminable

PATIENCE = 30  # Seconds that a server gets to start, or to end.
# A server that may forget everything when the machine goes down, and nothing when it is killed: so
# ``synchronous_commit`` stays on, which without ``fsync`` costs next to nothing.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}
GUARD = """
read -r nothing
read -r server < "$1/data/postmaster.pid" && kill -QUIT "$server"
for second in 1 2 3 4 5; do rm -rf "$1" && break; sleep 1; done
"""


@contextmanager
def postgresql() -> Iterator["PostgreSQL"]:
    """Lend a running server, empty and of its own. Afterwards it is gone, with its directory.

    Raises:
        Missing: there is no PostgreSQL, or it does not start.
    """
    programs = find_postgresql()
    with terminable(), _guarded_directory() as directory:
        server = PostgreSQL(programs, directory)
        try:
            server.create()
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def _guarded_directory() -> Iterator[Path]:
    """Lend a directory. See Note [Nothing is left behind]."""
    directory = tempfile.mkdtemp(prefix="orchestrator-postgresql-")
    with subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "guard", directory],
        cwd="/",
        env={"PATH": os.defpath},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ):
        yield Path(directory)


class PostgreSQL:
    """A server on a free port of 127.0.0.1, in a directory that someone else removes."""

    def __init__(self, programs: Path, directory: Path) -> None:
        self.programs, self.directory = programs, directory
        self.data, self.log = directory / "data", directory / "log"
        self.port = _free_port()
        self.user, self.group = _owner()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, as ``DATABASE_URL`` takes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Write its empty data directory."""
        if self.user is not None and self.group is not None:
            os.chown(self.directory, self.user, self.group)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        written = subprocess.run(
            [str(self.programs / "initdb"), f"--pgdata={self.data}", "--no-sync", *options],
            cwd="/",
            check=False,
            capture_output=True,
            text=True,
            user=self.user,
            group=self.group,
        )
        if written.returncode:
            raise Missing(f"PostgreSQL's initdb failed:\n{written.stdout}{written.stderr}")

    def start(self) -> None:
        """Start it, and wait until it takes connections; the port is always the same."""
        options = [f"-D{self.data}", f"--port={self.port}"]
        options += [f"--{name}={value}" for name, value in SETTINGS.items()]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.programs / "postgres"), *options],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user,
                group=self.group,
                start_new_session=True,  # The terminal's Ctrl-C is for the tests, not for it.
            )
        self._wait_until_ready(self.process)

    def stop(self, *, crash: bool = False) -> None:
        """End it and every connection to it, in good order or as a crash would."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        self.process.wait(PATIENCE)
        self.process = None

    def restart(self, *, crash: bool = False) -> None:
        """Stop and start it. What was committed stays."""
        self.stop(crash=crash)
        self.start()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"PostgreSQL does not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def _is_ready(self, pid: int) -> bool:
        """Read what the server says of itself; a crashed one leaves its word behind."""
        try:
            words = (self.data / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        return words[:1] == [str(pid)] and words[-1] == "ready"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _owner() -> tuple[int | None, int | None]:
    """Return the user and group of the server: ours, unless we are root, whom it refuses."""
    if os.geteuid() != 0:
        return None, None
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    return user.pw_uid, user.pw_gid
