"""The HTTP face of the runner.

POST /api/playbook/            an order           202, {"job_id": …}
GET  /api/playbook/<job_id>/   how a job is doing 200
GET  /health/                  is it alive        200

A refusal is a problem document (RFC 9457) that says what to change; there is nothing a caller can
send that is answered with a 500.

Source: RFC 9110 §15; RFC 9457; draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from examples.playbook_runner import errors
from examples.playbook_runner.jobs import Job
from examples.playbook_runner.orders import read_order
from examples.playbook_runner.runner import Runner

logger = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
DISCARD_LIMIT = 16 * BODY_LIMIT
STATUS_CODES: Mapping[type[errors.RunnerError], int] = {
    errors.BadOrder: 400,
    errors.UnknownPlaybook: 404,
    errors.UnknownJob: 404,
    errors.UnknownPage: 404,
    errors.WrongMethod: 405,
    errors.NoLength: 411,
    errors.BodyTooLarge: 413,
    errors.NotJson: 415,
    errors.KeyReused: 422,
    errors.QueueFull: 503,
    errors.Stopping: 503,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is written."""

    status: int
    content: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)


class PlaybookServer(ThreadingHTTPServer):
    """The server; ``server_address`` tells the port when it was started with port 0."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], *, runner: Runner, playbooks: Path) -> None:
        self.runner = runner
        self.playbooks = playbooks
        super().__init__(address, Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log a connection that broke, instead of printing it."""
        # socketserver calls this inside its own except block.
        logger.exception("Connection from %s broke", client_address)  # noqa: LOG004


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: PlaybookServer
    protocol_version = "HTTP/1.1"
    server_version = "playbook-runner"
    sys_version = ""
    timeout = 30  # Seconds of silence, so that a stuck client frees its thread.

    def answer(self) -> None:
        """Read the whole request, and answer it."""
        try:
            body = self._read_body()
            self._send(self._route(body))
        except errors.RunnerError as refusal:
            self._send(_problem(refusal))

    # The names by which http.server finds what to call.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not even HTTP, in the same form as every other refusal."""
        self.close_connection = True
        detail = message or HTTPStatus(code).description
        content = {"title": HTTPStatus(code).phrase, "status": code, "detail": detail}
        self._send(Answer(code, content))

    def log_message(self, format: str, *args: Any) -> None:
        """Log quietly."""
        logger.debug(format, *args)

    def _route(self, body: bytes) -> Answer:
        path = self.path.partition("?")[0].rstrip("/")
        if path == "/health":
            self._allow("GET", "HEAD")
            return Answer(200, {"status": "ok"})
        if path == "/api/playbook":
            self._allow("POST")
            return self._submit(body)
        if path.startswith("/api/playbook/"):
            self._allow("GET", "HEAD")
            job = self.server.runner.book.find(path.rpartition("/")[2])
            return Answer(200, job.summary())
        raise errors.UnknownPage("There is nothing at this address.")

    def _submit(self, body: bytes) -> Answer:
        kind = self.headers.get_content_type()
        if kind != "application/json" and not kind.endswith("+json"):
            raise errors.NotJson(errors.NotJson.__doc__)
        key = self.headers.get("Idempotency-Key")
        if key is not None and not 0 < len(key) <= 255:
            raise errors.BadOrder("Idempotency-Key: must have 1 to 255 characters.")
        order = read_order(body, self.server.playbooks)
        new = Job(order, fingerprint=hashlib.sha256(body).hexdigest(), key=key)
        job = self.server.runner.submit(new)
        headers = {"Location": f"/api/playbook/{job.id}/"}
        if job is not new:
            headers["Idempotent-Replayed"] = "true"
        return Answer(202, {"job_id": job.id}, headers)

    def _allow(self, *methods: str) -> None:
        if self.command not in methods:
            raise errors.WrongMethod(", ".join(methods))

    def _read_body(self) -> bytes:
        declared = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            raise errors.NoLength(errors.NoLength.__doc__)
        if not (declared.isascii() and declared.isdigit() and len(declared) < 20):
            self.close_connection = True
            raise errors.BadOrder("Content-Length: must be a number.")
        length = int(declared)
        if length > BODY_LIMIT:
            self._discard(length)
            raise errors.BodyTooLarge(f"The body is larger than {BODY_LIMIT} bytes.")
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            raise errors.BadOrder("The body ended early.")
        return body

    def _discard(self, length: int) -> None:
        """Read what is not wanted: a client that is still writing would not see the answer."""
        self.close_connection = True
        rest = min(length, DISCARD_LIMIT)
        while rest > 0 and (chunk := self.rfile.read(min(rest, 65536))):
            rest -= len(chunk)

    def _send(self, answer: Answer) -> None:
        body = json.dumps(answer.content).encode()
        kind = "application/json" if answer.status < 400 else "application/problem+json"
        self.send_response(answer.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _problem(refusal: errors.RunnerError) -> Answer:
    status = STATUS_CODES[type(refusal)]
    headers = {}
    if isinstance(refusal, errors.WrongMethod):
        headers["Allow"] = refusal.allowed
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "5"
    title = HTTPStatus(status).phrase
    return Answer(status, {"title": title, "status": status, "detail": str(refusal)}, headers)
