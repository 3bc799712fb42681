"""Text that only this site can read: encrypted in the database, opened where it is used.

The same text sealed with the same key is the same, so that a value that did not change is no
change, and a step that is run again leads to the same patch.

The keys come from ``SECRET_KEY``; what was sealed with one of ``SECRET_KEY_FALLBACKS`` can still be
opened, so the secret key can be changed while processes are under way.
Source: RFC 5297 (AES-SIV, deterministic authenticated encryption), RFC 5869 (HKDF).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

from workflows_app.errors import SealBroken

_KEY_BYTES = 64  # AES-256 for the encryption, and another for the authentication.
_ID_BYTES = 4  # Of the key, before the ciphertext.


def seal(text: str) -> str:
    """Return ``text`` encrypted and authenticated, in letters, digits, "-", "_" and "="."""
    cipher, key_id = _cipher(settings.SECRET_KEY)
    return urlsafe_b64encode(key_id + cipher.encrypt(text.encode(), None)).decode()


def unseal(sealed: str) -> str:
    """Return the text that was sealed.

    Raises:
        SealBroken: it was changed, or sealed under a ``SECRET_KEY`` that is known no more.
    """
    try:
        raw = urlsafe_b64decode(sealed.encode("ascii"))
    except ValueError as error:
        raise SealBroken from error
    key_id, ciphertext = raw[:_ID_BYTES], raw[_ID_BYTES:]
    for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        cipher, its_id = _cipher(secret_key)
        if its_id == key_id:
            try:
                return cipher.decrypt(ciphertext, None).decode()
            except (InvalidTag, ValueError) as error:
                raise SealBroken from error
    raise SealBroken


@cache
def _cipher(secret_key: str) -> tuple[AESSIV, bytes]:
    """Return what encrypts with a key derived from the site's secret key, and that key's id."""
    derive = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"workflows_app.sealing")
    key = derive.derive(force_bytes(secret_key))
    return AESSIV(key), sha256(key).digest()[:_ID_BYTES]
