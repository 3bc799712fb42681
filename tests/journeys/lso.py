"""A remote system as the callback documents describe it: it answers once, and never again.

It posts exactly ``{job_id, output, return_code, status}``, waits ten seconds for the receipt, and
does not repeat what was refused or not heard.
"""

import json
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from tests.cluster.processes import PATIENCE_SECONDS, until


class RemoteSystem:
    """Takes orders at ``address``; the test says when it answers them."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.heard: list[tuple[int, str]] = []  # What its posts were answered: status and code.
        self.before_it_takes_an_order: Callable[[dict[str, Any]], object] = lambda _order: None
        self.may_answer_orders = threading.Event()
        self.may_answer_orders.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def wait_for_order(self, number: int = 1) -> dict[str, Any]:
        """Return the order of that number, as soon as it has come."""
        until(lambda: len(self.orders) >= number, f"order {number} comes")
        return self.orders[number - 1]

    def answer(self, order: dict[str, Any], *, return_code: int = 0) -> tuple[int, str]:
        """Post the result of an order, once."""
        result = {
            "job_id": order["job_id"],
            "output": ["PLAY [all] ***\n", "ok: [node-a]\n"],
            "return_code": return_code,
            "status": "failed" if return_code else "successful",
        }
        answer = requests.post(order["callback"], json=result, timeout=10)
        self.heard.append((answer.status_code, answer.json()["code"]))
        return self.heard[-1]

    def close(self) -> None:
        self.may_answer_orders.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, order: dict[str, Any]) -> bytes:
        self.orders.append(order)
        self.before_it_takes_an_order(order)
        self.may_answer_orders.wait(PATIENCE_SECONDS)
        return json.dumps({"job_id": order["job_id"]}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        system = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.headers["Idempotency-Key"]
                order |= {"job_id": str(uuid.uuid5(uuid.NAMESPACE_OID, key)), "key": key}
                body = system._take(order)
                self.send_response(202)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:  # Whoever ordered was killed.
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
