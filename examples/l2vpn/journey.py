"""One order from start to end over the REST API, as a client would do it."""

import time
from collections.abc import Callable
from typing import Any

import requests

ORDER = [
    {"customer": "Example University", "vlan": 1001},
    {"node_a": "asd001a-jnx-01", "node_b": "ut002a-jnx-01"},
]
PATIENCE_SECONDS = 180


class JourneyFailed(Exception):
    """The order did not go as it should."""


class Journey:
    """A client of the site's API that starts orders and watches them."""

    def __init__(self, site: str, token: str, *, tell: Callable[[str], Any]) -> None:
        self._site = site
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Token {token}"
        self._tell = tell

    def start(self) -> str:
        """Start an order and return the process's id."""
        answer = self._session.post(
            f"{self._site}/api/processes/provision_l2vpn", json=ORDER, timeout=30
        )
        answer.raise_for_status()
        return str(answer.json()["id"])

    def run(self) -> None:
        """Order, watch the playbook's progress, confirm its result, and see the process end.

        Raises:
            JourneyFailed: something else happened.
        """
        process = self.start()
        self._tell(f"ordered: process {process}")
        seen = self._watch(process, until="suspended")
        if not seen:
            raise JourneyFailed("no progress was seen while the playbook ran")
        self._tell(f"progress: {len(seen)} reports, the last at {seen[-1]}")
        result = self._show(process)["state"]["callback_result"]
        self._tell(f"result: {result['status']}, return code {result['return_code']}")
        answer = self._session.put(
            f"{self._site}/api/processes/{process}/resume", json=[{}], timeout=30
        )
        answer.raise_for_status()
        self._tell("confirmed")
        self._watch(process, until="completed")
        self._tell("completed")

    def _watch(self, process: str, *, until: str) -> list[str]:
        """Follow the process to a status, and return the progress that was shown on the way."""
        seen: list[str] = []
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends_at:
            shown = self._show(process)
            for step in shown["steps"]:
                if step["progress"] and (text := _describe(step["progress"])) not in seen:
                    seen.append(text)
            if shown["status"] == until:
                return seen
            if shown["status"] in ("failed", "aborted"):
                raise JourneyFailed(f"{shown['status']}: {shown['failed_reason']}")
            time.sleep(0.2)
        raise JourneyFailed(f"not {until} within {PATIENCE_SECONDS} s")

    def _show(self, process: str) -> dict[str, Any]:
        answer = self._session.get(f"{self._site}/api/processes/{process}", timeout=30)
        answer.raise_for_status()
        shown: dict[str, Any] = answer.json()
        return shown


def _describe(progress: Any) -> str:
    if isinstance(progress, dict) and "percent" in progress:
        return f"{progress['percent']} % {progress.get('message', '')}".strip()
    return str(progress)
