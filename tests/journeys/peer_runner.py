"""A playbook runner that talks and never listens.

An order names two addresses. All lines so far go to ``progress`` whenever there is another one, and
``{job_id, output, return_code, status}`` goes to ``callback`` at the end. Each post is sent once,
and whatever comes back is the test's to know: the runner goes on as if it had been taken.
"""

import contextlib
from typing import Any

import requests

from tests.journeys.lso import RemoteSystem


class PeerRunner(RemoteSystem):
    """Takes orders; the test says what their playbooks print, and when they end."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, int]] = []  # Which address, and the status that came back.
        self._printed: dict[str, list[str]] = {}

    def print(self, order: dict[str, Any], *lines: str) -> list[str]:
        """Report a playbook's lines one by one; return all that it has printed."""
        printed = self._printed.setdefault(order["job_id"], [])
        for line in lines:
            printed.append(line)
            self._post(order, "progress", {"progress": printed})
        return list(printed)

    def end(self, order: dict[str, Any], *, return_code: int = 0) -> dict[str, Any]:
        """Report a playbook's result, and return it."""
        result = {
            "job_id": order["job_id"],
            "output": [f"{line}\n" for line in self._printed.get(order["job_id"], [])],
            "return_code": return_code,
            "status": "failed" if return_code else "successful",
        }
        self._post(order, "callback", result)
        return result

    def _post(self, order: dict[str, Any], to: str, body: dict[str, Any]) -> None:
        with contextlib.suppress(requests.RequestException):
            answer = requests.post(order[to], json=body, timeout=10)
            self.told.append((to, answer.status_code))
