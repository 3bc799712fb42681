"""``settings.ORCHESTRATOR`` with its defaults, read at every use."""

from datetime import timedelta
from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "BASE_URL": "http://127.0.0.1:8000",  # How remote systems reach this site.
    "LEASE_SECONDS": 15,  # A worker not heard of for so long has lost its claims.
    "MAX_INTERRUPTIONS": 5,  # A step that takes so many workers with it is not run again.
    "MAX_IDLE_SECONDS": 1.0,  # The longest a worker sleeps without looking at the table.
    "SQLITE_POLL_SECONDS": 0.02,
    "STOP_GRACE_SECONDS": 30,  # How long a stopping worker may finish its steps.
    "TASK_RETENTION_DAYS": 30,  # How long completed tasks are kept, where they do not say.
    "VALIDATIONS_AT_ONCE": 20,  # How many the task that validates subscriptions has running.
    # Keys of a state whose values are never shown; "*" is any characters, in any case.
    "MASKED_KEYS": (
        "*password*",
        "*passwd*",
        "*passphrase*",
        "*secret*",
        "*api_key*",
        "*apikey*",
        "*private_key*",
        "*credential*",
        "*token",
        "authorization",
    ),
    "CALLBACK_KEYS": None,  # {key id: secret}, newest first; None derives one of SECRET_KEY.
    "CALLBACK_MAX_BYTES": 1024 * 1024,
    "CALLBACK_MAX_DEPTH": 100,
    "CALLBACK_TIMEOUT_SECONDS": 7 * 24 * 3600,  # For callback steps that name no timeout.
    "CALLBACK_SECRETS": {},  # {sender's name: [secret, …]}: any of them may sign.
    "CALLBACK_RATE_PER_TOKEN": "600/min",  # None is no limit.
    "CALLBACK_RATE_PER_ADDRESS": "600/min",
    "NOTICE_TIMEOUT_SECONDS": 10,  # How long a webhook's receiver may think.
    "NOTICES_KEPT_DAYS": 30,
    "HTTP_ALLOWED_HOSTS": None,  # None is any; "*.example.org" is every name below it.
    "HTTP_DENIED_NETWORKS": (
        "0.0.0.0/8",  # Unspecified.
        "127.0.0.0/8",  # Loopback.
        "169.254.0.0/16",  # Link-local, and the metadata of most clouds.
        "100.100.100.200/32",  # Metadata in Alibaba's cloud.
        "224.0.0.0/4",  # Multicast.
        "255.255.255.255/32",  # Broadcast.
        "::/128",
        "::1/128",
        "fe80::/10",
        "fd00:ec2::254/128",  # Metadata in Amazon's cloud.
        "fd20:ce::254/128",  # Metadata in Google's cloud.
        "ff00::/8",
    ),
    "HTTP_MAX_RESPONSE_BYTES": 5 * 1024 * 1024,
    "CUSTOMERS": None,  # A function's name: text -> [(id, name), …]; None: of subscriptions.
    "DEFAULT_PRODUCT_WORKFLOWS": ["modify_note"],  # What ensure_default_workflows attaches.
}


def get(name: str) -> Any:
    """Return the setting, or its default."""
    return getattr(settings, "ORCHESTRATOR", {}).get(name, DEFAULTS[name])


def lease() -> timedelta:
    """Return how long a claim holds without being renewed."""
    return timedelta(seconds=get("LEASE_SECONDS"))
