"""The playbook runner, as this app calls it."""

import os
from typing import Any

import requests

TIMEOUT = 10  # Seconds to take an order; running it takes as long as it takes.


def runner_url() -> str:
    """Return the runner's address, without a slash at its end."""
    return os.environ.get("PLAYBOOK_RUNNER_URL", "http://127.0.0.1:8080").rstrip("/")


def order_playbook(order: dict[str, Any], *, idempotency_key: str) -> str:
    """Order the run of a playbook and return the job's id; the same key never runs twice.

    Raises:
        requests.RequestException: the runner is away, or refuses the order.
    """
    answer = requests.post(
        f"{runner_url()}/api/playbook/",
        json=order,
        headers={"Idempotency-Key": idempotency_key},
        timeout=TIMEOUT,
    )
    answer.raise_for_status()
    return str(answer.json()["job_id"])
