"""The log of who asked what of a callback, and what became of it: every request, kept or refused.

A request like an earlier one is counted instead of being written again, so a remote system that
reports its progress every second leaves one row; and no token's holder can fill the table.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from django.db.models import F
from django.utils import timezone

from callbacks_app.models import CallbackAttempt, CallbackToken
from workflows_app.json_values import JSON

Kind: TypeAlias = Literal[
    "result", "failure", "cancel", "progress", "heartbeat", "extend", "state", "reveal"
]
Via: TypeAlias = Literal["callback", "mistral", "console", "api", "command"]

MOST = 1000  # Rows for one callback; what comes after is not written.
MOST_KEPT = 5  # Late answers of one callback that are kept to be looked at and adopted.


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sent a request, by which way, and what tells it from others.

    Attributes:
        source: the caller's address, or the user's name.
        key: the idempotency key, or "".
        digest: SHA-256 of the kind of the request and its body; see ``digest``.
    """

    source: str = ""
    via: Via = "callback"
    reason: str = ""
    key: str = ""
    digest: str = ""
    size: int = 0


def digest(kind: str, body: bytes) -> str:
    """Return what a repeated request has in common with the first: its kind and its bytes."""
    return hashlib.sha256(kind.encode() + b"\0" + body).hexdigest()


def record(callback: CallbackToken, sender: Sender, *, kind: Kind, outcome: str) -> None:
    """Write the request down, or count it if it is like an earlier one."""
    identity = _identity(callback, sender, kind, outcome)
    same = CallbackAttempt.objects.filter(**identity)
    if same.update(times=F("times") + 1, last_at=timezone.now()):
        return
    if callback.attempts.count() < MOST:
        CallbackAttempt.objects.create(**identity, size=sender.size)


def record_answer(callback: CallbackToken, sender: Sender, *, kind: Kind, outcome: str) -> None:
    """Write an answer down that was accepted: that happens once, so there is nothing to count."""
    identity = _identity(callback, sender, kind, outcome)
    CallbackAttempt.objects.create(**identity, size=sender.size)


def record_late(callback: CallbackToken, sender: Sender, *, outcome: str, result: JSON) -> None:
    """Write a result down that came too late, with what it says: an operator may adopt it."""
    record(callback, sender, kind="result", outcome=outcome)
    if callback.attempts.filter(adoptable=True).count() < MOST_KEPT:
        identity = _identity(callback, sender, "result", outcome)
        CallbackAttempt.objects.filter(**identity).update(payload=result, adoptable=True)


def _identity(callback: CallbackToken, sender: Sender, kind: Kind, outcome: str) -> dict[str, Any]:
    return {
        "callback": callback,
        "kind": kind,
        "outcome": outcome,
        "via": sender.via,
        "source": sender.source[:150],
        "reason": sender.reason,
        "idempotency_key": sender.key,
        "digest": sender.digest,
    }
