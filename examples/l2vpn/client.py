"""A client of the site's REST API, as the demo uses it."""

import time
from collections.abc import Callable
from typing import Any

import requests

PATIENCE_SECONDS = 180


class JourneyFailed(Exception):
    """A process did not go as it should."""


class Client:
    """Starts processes, watches them, and answers their forms."""

    def __init__(self, site: str, token: str) -> None:
        self._site = site
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Token {token}"

    def start(self, workflow: str, *pages: dict[str, Any], key: str = "") -> str:
        """Start a process and return its id; the same key gives the same process."""
        headers = {"Idempotency-Key": key} if key else {}
        path = f"processes/{workflow}"
        return str(self._send("POST", path, list(pages), headers).json()["id"])

    def resume(self, process: str, *pages: dict[str, Any]) -> None:
        """Answer the form that the process waits for."""
        self._send("PUT", f"processes/{process}/resume", list(pages))

    def until(
        self, process: str, status: str, look: Callable[[dict[str, Any]], object] = id
    ) -> dict[str, Any]:
        """Return the process as soon as it has that status.

        Args:
            look: is shown the process again and again meanwhile.

        Raises:
            JourneyFailed: it went another way, or it takes too long.
        """
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends_at:
            shown = self.get(f"processes/{process}")
            look(shown)
            if shown["status"] == status:
                return shown
            if shown["status"] in ("failed", "aborted"):
                raise JourneyFailed(f"{shown['status']}: {shown['failed_reason']}")
            time.sleep(0.2)
        raise JourneyFailed(f"not {status} within {PATIENCE_SECONDS} s")

    def get(self, path: str) -> dict[str, Any]:
        """Return what the site shows there."""
        shown: dict[str, Any] = self._send("GET", path).json()
        return shown

    def _send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        answer = self._session.request(
            method, f"{self._site}/api/{path}", json=body, headers=headers, timeout=30
        )
        answer.raise_for_status()
        return answer
