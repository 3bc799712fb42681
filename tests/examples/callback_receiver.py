"""The other end of a callback: a real HTTP server that remembers what it was told."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DEADLINE_SECONDS = 60.0


def wait_until(condition: Callable[[], Any]) -> Any:
    """Return what the condition returns as soon as that is true; fail after a generous time."""
    ends_at = time.monotonic() + DEADLINE_SECONDS
    while not (value := condition()):
        assert time.monotonic() < ends_at, "the condition did not come true"
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Post:
    path: str
    key: str | None
    payload: Any


class Receiver:
    """Answers posts to ``url`` with the scripted statuses first, with 200 afterwards."""

    def __init__(self, port: int = 0) -> None:
        self.posts: list[Post] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/callback/token"

    def answer_first(self, *statuses: int, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers = [(status, named) for status in statuses]

    def results(self) -> list[Post]:
        return [post for post in self.posts if not post.path.endswith("/progress")]

    def progress(self) -> list[Any]:
        return [post.payload for post in self.posts if post.path.endswith("/progress")]

    def wait_for_result(self) -> Any:
        return wait_until(self.results)[0].payload

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                post = Post(self.path, self.headers.get("Idempotency-Key"), json.loads(body))
                receiver.posts.append(post)
                receiver.may_answer.wait(DEADLINE_SECONDS)
                answering = receiver.answers and not self.path.endswith("/progress")
                status, headers = receiver.answers.pop(0) if answering else (200, {})
                self.send_response(status)
                for name, value in ({"Content-Length": "0"} | headers).items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
