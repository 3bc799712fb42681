"""A whole site for journeys: web server, worker, playbook runner, and a client of its API."""

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.cluster.processes import environment, until
from tests.journeys.programs import Program, free_port, manage, own_database, running

APPS = "examples.l2vpn,tests.cluster.lab,tests.journeys.remote_orders"
ACCESS_LOG = "access.log"
PASSWORD = "a fixed password, 42"
STUCK = {"failed", "aborted", "api_unavailable", "inconsistent_data"}


class Client:
    """A client of the REST API, with a token."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.authorization = f"Token {token}"
        self._session = requests.Session()
        self._session.headers["Authorization"] = self.authorization

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        return self._session.request(
            method, f"{self.address}/api/{path}", json=body, headers=headers, timeout=30
        )

    def start(self, workflow: str, *pages: dict[str, Any]) -> str:
        answer = self.send("POST", f"processes/{workflow}", list(pages))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def show(self, process: str) -> dict[str, Any]:
        answer = self.send("GET", f"processes/{process}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        positions = [step["position"] for step in shown["steps"]]
        assert positions == list(range(len(positions))), "the steps are not in order"
        return shown

    def count(self) -> int:
        return int(self.send("GET", "processes/").json()["count"])

    def resume(self, process: str, *pages: dict[str, Any]) -> None:
        answer = self.send("PUT", f"processes/{process}/resume", list(pages))
        assert answer.status_code == 204, answer.text

    def until(self, process: str, status: str) -> dict[str, Any]:
        """Return the process as soon as it has that status."""

        def there() -> dict[str, Any] | None:
            shown = self.show(process)
            dead_end = shown["status"] in STUCK - {status}
            assert not dead_end, f"{shown['status']}: {shown['failed_reason']}"
            return shown if shown["status"] == status else None

        found: dict[str, Any] = until(there, f"the process is {status}")
        return found

    def close(self) -> None:
        self._session.close()


@dataclass
class Site:
    """A running site: its address, what its programs are told, and somebody who may use it."""

    address: str
    environment: dict[str, str]
    directory: Path
    web: Program
    client: Client
    programs: contextlib.ExitStack
    worker: Program | None = None
    runner: Program | None = field(default=None)

    def start_worker(self) -> Program:
        """Make sure that a worker runs, and return it."""
        if self.worker is None or self.worker.process.poll() is not None:
            self.worker = self.programs.enter_context(
                running(
                    *("manage.py", "worker", "--workers", "2"),
                    environment=self.environment,
                    output=self.directory / "worker",
                )
            )
        return self.worker

    def kill_worker(self) -> None:
        """Kill every process of the worker, as a host that goes down would."""
        worker = self.start_worker()
        worker.tell(signal.SIGKILL)

    def start_runner(self) -> str:
        """Make sure that the example's playbook runner runs, and return its address."""
        address = self.environment["PLAYBOOK_RUNNER_URL"]
        if self.runner is None:
            bind = address.removeprefix("http://")
            self.runner = self.programs.enter_context(
                running(
                    *("-m", "examples.playbook_runner", "--bind", bind),
                    environment=self.environment,
                    output=self.directory / "runner",
                )
            )
            self.runner.wait_for("Listening")
        return address

    def add_user(self, name: str, *groups: str) -> str:
        """Add a member of the staff to the groups, and return the password."""
        self.manage("create_roles")
        self.manage(
            "shell",
            "--no-imports",
            "-c",
            "from django.contrib.auth.models import Group, User\n"
            f"user = User.objects.create_user({name!r}, password={PASSWORD!r}, is_staff=True)\n"
            f"names = {groups!r}\n"
            "user.groups.set(Group.objects.get_or_create(name=name)[0] for name in names)\n",
        )
        return PASSWORD

    def manage(self, *arguments: str) -> str:
        """Run a command on the site's database and return what it printed."""
        ran = manage(*arguments, environment=self.environment)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


def site_environment(
    database: str, address: str, *, apps: str = APPS, **others: str
) -> dict[str, str]:
    """Return what the programs of a site are told."""
    told = {
        "ORCHESTRATOR_APPS": apps,
        "BASE_URL": address,
        "PLAYBOOK_RUNNER_URL": f"http://127.0.0.1:{free_port()}",
        "PYTHONWARNINGS": "",  # Ansible would print its own into its output.
    }
    return environment(database) | told | others


@contextlib.contextmanager
def running_site(directory: Path, **told: str) -> Iterator[Site]:
    """Run a site with a database of its own for the length of the block; no worker yet."""
    bind = f"127.0.0.1:{free_port()}"
    with own_database(directory) as database, contextlib.ExitStack() as programs:
        logged = {"GUNICORN_CMD_ARGS": f"--access-logfile {directory / ACCESS_LOG}"}
        surroundings = site_environment(database, f"http://{bind}", **logged, **told)
        up = running(
            *("manage.py", "up", "--bind", bind, "--no-worker"),
            environment=surroundings,
            output=directory / "web",
        )
        web = programs.enter_context(up)
        web.wait_for("Ctrl-C")
        until(lambda: _answers(f"http://{bind}/healthz"), "the site answers")
        made = manage("drf_create_token", "admin", environment=surroundings)
        assert made.returncode == 0, made.stderr
        client = Client(f"http://{bind}", made.stdout.split()[2])
        programs.callback(client.close)
        yield Site(f"http://{bind}", surroundings, directory, web, client, programs)


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(url, timeout=10).ok
    return False
