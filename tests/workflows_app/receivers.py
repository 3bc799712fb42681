"""A receiver of webhooks on this host, and people who are told."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.contrib.auth.models import Group, Permission, User

from workflows_app.models import (
    Channel,
    Delivery,
    NoticeChoice,
    Process,
    Scope,
    WebhookEndpoint,
)
from workflows_app.sealing import seal
from workflows_app.webhook_signing import new_secret

LOOPBACK = {"HTTP_DENIED_NETWORKS": ()}  # Tests call this host, which sites deny.


class _Handler(BaseHTTPRequestHandler):
    server: "Receiver"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        self.server.arrived.set()
        if self.path.startswith("/hang"):
            self.server.released.wait(30)
        status = int(self.server.answers.get(self.path, 204))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


class Receiver(ThreadingHTTPServer):
    """Remembers what it was sent; ``answers`` has the status for a path, or it is 204."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, int] = {}
        self.arrived, self.released = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()


def person(name: str, *groups: str, superuser: bool = False, **values: Any) -> User:
    """Return a user who may see processes and answer their forms."""
    user = User.objects.create_user(
        name, f"{name}@example.org", is_staff=True, is_superuser=superuser, **values
    )
    allowed = ["view_process", "resume_process"]
    user.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return user


def chose(user: User, kind: str, *, tasks: bool = True, **scopes: Scope) -> NoticeChoice:
    """Let the user choose; what is not named is off."""
    return NoticeChoice.objects.create(user=user, kind=kind, tasks=tasks, **scopes)


def endpoint_of(user: User, url: str) -> tuple[WebhookEndpoint, str]:
    """Return an endpoint of the user, and its secret."""
    secret = new_secret()
    made = WebhookEndpoint.objects.create(user=user, name="Chat", url=url, secret=seal(secret))
    return made, secret


def told(process: Process, channel: Channel = Channel.BROWSER) -> set[str]:
    """Return who has a delivery of the process's notices on the channel."""
    rows = Delivery.objects.filter(notice__process=process, channel=channel)
    return set(rows.values_list("user__username", flat=True))
