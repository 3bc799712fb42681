"""Make and check callback tokens.

A token is ``cbt1.<public id>.<key id>.<MAC>`` with
MAC = HMAC-SHA256(key, "cbt1" ‖ id ‖ attempt ‖ scope ‖ nonce), base64url without padding
(RFC 2104, RFC 4648 §5). The nonce is in the database and the key in the settings; either alone is
worth nothing, and the token can be made again for a step that is run again after a crash.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Literal, TypeAlias

from django.conf import settings
from django.utils.encoding import force_bytes

from callbacks_app.models import CallbackToken, new_nonce
from workflows_app import app_settings

VERSION = "cbt1"
_FORM = re.compile(rf"{VERSION}\.(?P<public_id>\w{{1,40}})\.[^.]+\.[^.]*", re.ASCII)
Scope: TypeAlias = Literal["result", "progress"]
SCOPES: tuple[Scope, ...] = ("result", "progress")


def key_ring() -> Mapping[str, bytes]:
    """Return the keys by id, the one to sign with first.

    ``ORCHESTRATOR["CALLBACK_KEYS"]``, or else one derived from ``SECRET_KEY`` and one from each
    of ``SECRET_KEY_FALLBACKS``.
    """
    configured: Mapping[str, str] | None = app_settings.get("CALLBACK_KEYS")
    if configured:
        return {key_id: secret.encode() for key_id, secret in configured.items()}
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    derived = [_derived(force_bytes(secret)) for secret in secrets]
    return {hashlib.sha256(key).hexdigest()[:8]: key for key in derived}


def signing_key_id() -> str:
    """Return the id of the key that new callbacks are signed with."""
    return next(iter(key_ring()))


def make(callback: CallbackToken, *, scope: Scope = "result") -> str:
    """Return the token of ``callback``.

    Raises:
        KeyError: its key is no longer in the ring.
    """
    mac = _mac(
        key_ring()[callback.key_id], callback.public_id, callback.attempt, scope, callback.nonce
    )
    return f"{VERSION}.{callback.public_id}.{callback.key_id}.{mac}"


def public_id(token: str) -> str:
    """Return the public id in a token, or "" if it does not look like one."""
    found = _FORM.fullmatch(token)
    return found["public_id"] if found else ""


def scope_of(token: str, callback: CallbackToken | None) -> Scope | None:
    """Return what ``token`` may do to ``callback``; None if it is forged, as slowly as if not."""
    key_id = callback.key_id if callback else signing_key_id()
    key = key_ring().get(key_id, b"")
    identity = callback.public_id if callback else ""
    attempt = callback.attempt if callback else 0
    nonce = callback.nonce if callback else new_nonce()
    given = token.rpartition(".")[2].encode("utf-8", "replace")
    expected = {scope: _mac(key, identity, attempt, scope, nonce).encode() for scope in SCOPES}
    matching = [scope for scope in SCOPES if hmac.compare_digest(given, expected[scope])]
    named = f".{key_id}." in token
    return matching[0] if callback and key and named and matching else None


def _mac(key: bytes, identity: str, attempt: int, scope: Scope, nonce: str) -> str:
    message = "\0".join((VERSION, identity, str(attempt), scope, nonce)).encode()
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _derived(secret: bytes) -> bytes:
    return hmac.new(secret, b"callbacks_app.signing", hashlib.sha256).digest()
