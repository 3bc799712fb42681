"""A playbook runner that takes every order and runs none: the test answers in its place."""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from rest_framework.test import APIClient


class OrderBook:
    """Keeps the orders; ``answer`` tells the caller of the last one how it went."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, return_code: int = 0) -> str:
        """Send the result of the last order, and return its job's id."""
        order = self.orders[-1]
        result = {"job_id": order["job_id"], "output": ["ok"], "return_code": return_code}
        result["status"] = "failed" if return_code else "successful"
        sent = APIClient().post(urlsplit(order["callback"]).path, result)
        assert sent.status_code == 200, sent.content
        return str(order["job_id"])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        orders = self.orders

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                orders.append({**json.loads(body), "job_id": str(uuid.uuid4())})
                answer = json.dumps({"job_id": orders[-1]["job_id"]}).encode()
                self.send_response(202)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
