"""Keep secrets in the database so that the database alone does not tell them.

They are encrypted with a key derived from ``SECRET_KEY``; what was sealed under one of
``SECRET_KEY_FALLBACKS`` can still be opened. Whoever has the settings and the database has it all.

Source: Fernet (AES-128-CBC and HMAC-SHA256) of the package cryptography; RFC 5869 (HKDF).
"""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

from workflows_app.errors import SealBroken


def seal(text: str) -> str:
    """Return ``text`` encrypted, as ASCII; another one every time."""
    return _ring().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return what was sealed.

    Raises:
        SealBroken: it was changed, or sealed under a ``SECRET_KEY`` that is known no more.
    """
    try:
        return _ring().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise SealBroken from error


def _ring() -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derived(force_bytes(secret))) for secret in secrets])


def _derived(secret: bytes) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"workflows_app.sealing")
    return urlsafe_b64encode(key.derive(secret))
