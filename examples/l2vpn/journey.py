"""One order from start to end over the REST API, as a client would do it."""

from collections.abc import Callable
from typing import Any

from examples.l2vpn.client import Client, JourneyFailed

ORDER: list[dict[str, Any]] = [
    {"customer": "Example University", "vlan": 1001},
    {"node_a": "asd001a-jnx-01", "node_b": "ut002a-jnx-01"},
]


def order(client: Client) -> str:
    """Start an order and return the process's id."""
    return client.start("provision_l2vpn", *ORDER)


def run(client: Client, *, tell: Callable[[str], Any]) -> None:
    """Order, watch the playbook's progress, confirm its result, and see the process end.

    Raises:
        JourneyFailed: something else happened.
    """
    process = order(client)
    tell(f"ordered: process {process}")
    seen: list[str] = []
    shown = client.until(process, "suspended", look=lambda shown: _note_progress(shown, seen))
    if not seen:
        raise JourneyFailed("no progress was seen while the playbook ran")
    tell(f"progress: {len(seen)} reports, the last at {seen[-1]}")
    result = shown["state"]["callback_result"]
    tell(f"result: {result['status']}, return code {result['return_code']}")
    client.resume(process, {})
    tell("confirmed")
    client.until(process, "completed")
    tell("completed")


def _note_progress(shown: dict[str, Any], seen: list[str]) -> None:
    for step in shown["steps"]:
        if step["progress"] and (text := _describe(step["progress"])) not in seen:
            seen.append(text)


def _describe(progress: Any) -> str:
    if isinstance(progress, dict) and "percent" in progress:
        return f"{progress['percent']} % {progress.get('message', '')}".strip()
    return str(progress)
