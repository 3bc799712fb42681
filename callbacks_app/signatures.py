"""Check the signatures of webhooks, as Standard Webhooks does. ``webhook_signing`` makes them.

Doubt refuses: a name without usable secrets verifies nothing.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hmac
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from callbacks_app.errors import BadSignature
from workflows_app import app_settings
from workflows_app.webhook_signing import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    VERSION,
    key_of,
    sign,
    signature,
)

logger = logging.getLogger(__name__)

__all__ = ["ID", "SIGNATURE", "TIMESTAMP", "secrets_of", "sign", "verify"]

TOLERANCE = timedelta(minutes=5)

_SECONDS = re.compile(r"[0-9]{1,12}")


def verify(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime
) -> None:
    """Return if one of ``secrets`` signed the request, at most five minutes from now.

    Raises:
        BadSignature: it did not; the message says what is wrong.
    """
    message_id, timestamp, signatures = _signed_headers(headers)
    if not _SECONDS.fullmatch(timestamp):
        raise BadSignature(f"{TIMESTAMP} is not a number of seconds.")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise BadSignature(f"{TIMESTAMP} is more than 5 minutes off.")
    if "." in message_id:
        raise BadSignature(f"{ID} has a full stop in it, so what was signed is ambiguous.")
    expected = [signature(key, message_id, timestamp, body) for key in _keys(secrets)]
    if not _any_matches(signatures.split(), expected):
        raise BadSignature(f"No {VERSION} signature in {SIGNATURE} matches.")


def secrets_of(name: str) -> Sequence[str]:
    """Return the secrets of a sender, by its name in ``CALLBACK_SECRETS``.

    Raises:
        BadSignature: it has none, or not a list of texts. What is not set up lets nobody in; the
            log says so to whoever can cure it.
    """
    configured = app_settings.get("CALLBACK_SECRETS")
    secrets = configured.get(name) if isinstance(configured, Mapping) else None
    if not isinstance(secrets, list | tuple) or not secrets:
        logger.error("CALLBACK_SECRETS has no list of secrets", extra={"secrets_of": name})
        raise BadSignature("Signatures cannot be checked here: no secret is set up for them.")
    return secrets


def _signed_headers(headers: Mapping[str, str]) -> tuple[str, str, str]:
    given = {name.lower(): value for name, value in headers.items()}
    for name in (ID, TIMESTAMP, SIGNATURE):
        if not given.get(name):
            raise BadSignature(f"The header {name} is missing.")
    return given[ID], given[TIMESTAMP], given[SIGNATURE]


def _keys(secrets: Sequence[str]) -> list[bytes]:
    usable = [secret for secret in secrets if _is_usable(secret)]
    if len(usable) < len(secrets):
        logger.error("CALLBACK_SECRETS has a secret that is empty or not base64")
    return [key_of(secret) for secret in usable]


def _is_usable(secret: object) -> bool:
    """Return whether ``secret`` is a text that keys can be made of."""
    try:
        return isinstance(secret, str) and bool(key_of(secret))
    except ValueError:
        return False


def _any_matches(given: Sequence[str], expected: Sequence[str]) -> bool:
    """Compare every pair, so that the time taken tells nothing; other versions never match."""
    matches = [
        hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected
    ]
    return True in matches
