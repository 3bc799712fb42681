"""The whole product on one machine: site, workers, a real playbook runner, and an order at work."""

import os
import secrets
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.authtoken.models import Token

from examples.l2vpn import journey, samples
from examples.l2vpn.client import Client, JourneyFailed
from orchestrator_project.management.commands.up import start_site, start_worker
from workflows_app.children import Children

DIRECTORY = settings.BASE_DIR / ".demo"
OPERATOR = "maria"
READY_SECONDS = 60


class Command(BaseCommand):
    help = "Show everything with the example workflows; with --check, try it all and end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Run one order, and report.")
        parser.add_argument("--port", type=int, default=8000, help="The site's port, if free.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if "DEMO_SITE" not in os.environ:
            self._start_over(options)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("sync_workflows", stdout=self.stdout)
        password, token = _make_operator()
        site = os.environ["DEMO_SITE"]
        try:
            with Children() as children:
                self._start(children)
                _wait_until_ready(children, f"{site}/healthz")
                _wait_until_ready(children, f"{os.environ['PLAYBOOK_RUNNER_URL']}/health/")
                client = Client(site, token)
                self._load_samples(client, check=options["check"])
                if options["check"]:
                    journey.run(client, tell=self.stdout.write)
                    return
                journey.order(client)
                self._greet(site, password)
                ended = children.wait()
        except KeyboardInterrupt:
            self.stdout.write("\nstopped")
            return
        raise CommandError(f"{ended} ended, so everything was stopped")

    def _start_over(self, options: dict[str, Any]) -> None:
        """Become the same command with the demo's own database and free ports."""
        DIRECTORY.mkdir(exist_ok=True)
        directory = tempfile.mkdtemp(dir=DIRECTORY) if options["check"] else DIRECTORY
        port = _free_port(0 if options["check"] else options["port"])
        site = f"http://127.0.0.1:{port}"
        environment = {
            "DEMO_SITE": site,
            "BASE_URL": site,
            "DATABASE_URL": f"sqlite:///{Path(directory) / 'orchestrator.sqlite3'}",
            "ORCHESTRATOR_APPS": ",".join(_apps()),
            "NETWORK_FILE": str(Path(directory) / "network.json"),
            "PLAYBOOK_RUNNER_URL": f"http://127.0.0.1:{_free_port(0)}",
            "SECRET_KEY": secrets.token_hex(32),
        }
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **environment})  # noqa: S606

    def _start(self, children: Children) -> None:
        bind = os.environ["PLAYBOOK_RUNNER_URL"].removeprefix("http://")
        children.start(
            "the playbook runner",
            [sys.executable, "-m", "examples.playbook_runner", "--bind", bind],
            cwd=settings.BASE_DIR,
        )
        start_site(children, bind=os.environ["DEMO_SITE"].removeprefix("http://"))
        start_worker(children, workers=2)

    def _load_samples(self, client: Client, *, check: bool) -> None:
        try:
            samples.load(client)
        except JourneyFailed as error:
            if check:
                raise
            self.stderr.write(f"The sample subscriptions are not complete: {error}")

    def _greet(self, site: str, password: str) -> None:
        self.stdout.write(f"\n  {site}/\n  log in as {OPERATOR} with {password}\n")
        self.stdout.write("  An order is at work already. Ctrl-C stops everything.\n")
        self.stdout.flush()


def _apps() -> list[str]:
    """Return the apps that were named, and those of all examples."""
    named = [app.strip() for app in os.environ.get("ORCHESTRATOR_APPS", "").split(",")]
    return list(dict.fromkeys([*filter(None, named), *samples.APPS]))


def _make_operator() -> tuple[str, str]:
    """Return a new password and an API token for the demo's operator."""
    password = secrets.token_urlsafe(6)
    user, _ = get_user_model().objects.get_or_create(
        username=OPERATOR, defaults={"is_staff": True, "is_superuser": True}
    )
    user.set_password(password)
    user.save()
    token, _ = Token.objects.get_or_create(user=user)
    return password, token.key


def _wait_until_ready(children: Children, url: str) -> None:
    ends_at = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends_at:
        if ended := children.ended():
            raise CommandError(f"{ended} ended at once")
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise CommandError(f"{url} did not answer within {READY_SECONDS} s")


def _free_port(wanted: int) -> int:
    """Return ``wanted`` if nothing listens there, else a free port; 0 means any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
