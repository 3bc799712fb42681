"""Web services on loopback that steps call: real sockets, and what was asked of them."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    params: dict[str, str]
    headers: "Message[str, str]"
    body: bytes


@dataclass
class Reply:
    """What the service answers."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)


Answering: TypeAlias = Callable[[Asked], Reply]


class Service(ThreadingHTTPServer):
    """A service that answers with ``reply``, or with what ``answering`` returns."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.reply = Reply()
        self.answering: Answering = lambda _asked: self.reply

    @property
    def url(self) -> str:
        """The service's address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        params = dict(parse_qsl(parts.query))
        asked = Asked(self.command, parts.path, params, self.headers, body)
        self.server.asked.append(asked)
        reply = self.server.answering(asked)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = answer  # noqa: N815 - http.server's names.

    def log_message(self, *_arguments: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[Service]:
    """Run a service while the block runs."""
    with Service() as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
