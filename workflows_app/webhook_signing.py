"""Sign webhooks as Standard Webhooks does.

Signed is ``{webhook-id}.{webhook-timestamp}.{body}`` with HMAC-SHA256; ``webhook-signature`` lists
``v1,<base64>`` for each secret of the sender.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
VERSION = "v1"
_BYTES = 32  # Of a new secret; the standard wants 24 to 64.


def new_secret() -> str:
    """Return a secret that nobody can guess."""
    return f"{PREFIX}{b64encode(secrets.token_bytes(_BYTES)).decode()}"


def headers(
    *, message_id: str, at: datetime, body: bytes, signed_with: Sequence[str]
) -> dict[str, str]:
    """Return the headers of a message that is signed with every secret in ``signed_with``."""
    signatures = [sign(one, message_id=message_id, at=at, body=body) for one in signed_with]
    return {
        ID: message_id,
        TIMESTAMP: str(int(at.timestamp())),
        SIGNATURE: " ".join(signatures),
    }


def sign(secret: str, *, message_id: str, at: datetime, body: bytes) -> str:
    """Return the signature for the header ``webhook-signature``.

    Args:
        secret: ``whsec_`` and base64, base64 alone, or any other text as it is.
        message_id: what goes into ``webhook-id``; the same when a message is sent again.
    Raises:
        ValueError: the secret is empty or not base64, or the id has a full stop in it.
    """
    if "." in message_id:
        raise ValueError("A message id has no full stop: what is signed would be ambiguous.")
    return signature(key_of(secret), message_id, str(int(at.timestamp())), body)


def key_of(secret: str) -> bytes:
    """Return the key of a secret, which the standard's libraries read as base64 in any case."""
    encoded = secret.removeprefix(PREFIX)
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        if secret.startswith(PREFIX):
            raise
        key = secret.encode()
    if not key:
        raise ValueError("A secret is empty.")
    return key


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """Return one entry of ``webhook-signature``."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{VERSION},{b64encode(digest).decode()}"
