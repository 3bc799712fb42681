"""A network that fails as networks do: at first it is away, then it loses what came back."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


@contextlib.contextmanager
def flaky_network(site: str) -> Iterator[tuple[str, list[str]]]:
    """Lend the address of a proxy before ``site``, and the list of what became of each request.

    The first request is answered 503. The second is delivered, and its answer dropped. The others
    pass.
    """
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not seen:
                seen.append("503")
                self.send_response(503)
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            kept = {name: self.headers[name] for name in ("Content-Type", "Idempotency-Key")}
            answer = requests.post(f"{site}{self.path}", data=body, headers=kept, timeout=30)
            if len(seen) == 1:
                seen.append(f"{answer.status_code} dropped")
                self.close_connection = True
                return
            seen.append(str(answer.status_code))
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
