"""Secrets in a state: sealed where they are stored, opened where a parameter asks for them.

Note [Secrets]
~~~~~~~~~~~~~~
pydantic writes a ``SecretStr`` as ten stars, and a state is JSON, so a password that an operator
typed would be lost before a step could use it. In JSON of ours it is ``{"$secret": <sealed>}``.
Whoever annotates a parameter (or a field of a model) with ``SecretStr`` gets it back; everybody
else, ``state: State`` included, sees the reference. Pages and API answers show stars.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from workflows_app.sealing import seal, unseal

REFERENCE = "$secret"
STARS = "**********"  # As pydantic writes a secret.
SHORTEST = 4  # Characters; a shorter secret is part of too many words to be looked for in a text.


def sealed(value: Any) -> Any:
    """Return ``value`` with every secret in it sealed, models that hold one taken apart."""
    if isinstance(value, SecretStr | SecretBytes):
        return _reference(value)
    if isinstance(value, BaseModel) or (is_dataclass(value) and not isinstance(value, type)):
        return sealed(_parts(value)) if any(secrets_in(value)) else value
    if isinstance(value, Mapping):
        return {key: sealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [sealed(item) for item in value]
    return value


def opened(value: Any) -> Any:
    """Return an independent copy of plain JSON in which every sealed secret is a ``SecretStr``.

    Raises:
        SealBroken: the site has lost the key.
    """
    if isinstance(value, dict):
        if is_reference(value):
            return SecretStr(unseal(value[REFERENCE]))
        return {key: opened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [opened(item) for item in value]
    return value


def is_reference(value: Any) -> bool:
    """Whether ``value`` stands for a secret."""
    return isinstance(value, dict) and value.keys() == {REFERENCE}


def secrets_in(value: Any) -> Iterator[str]:
    """Yield the secrets in an argument: in itself, in collections, in fields of models."""
    if isinstance(value, SecretStr | SecretBytes):
        yield _text(value)
        return
    for member in _members(value):
        yield from secrets_in(member)


def telling_secrets_in(value: Any) -> Iterator[str]:
    """Yield those of the secrets that are long enough to be taken out of a text."""
    return (secret for secret in secrets_in(value) if len(secret) >= SHORTEST)


def revealed(value: Any) -> Any:
    """Return ``value`` with every ``SecretStr`` in it as plain text, to be sent elsewhere."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {key: revealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [revealed(item) for item in value]
    return value


def _reference(secret: SecretStr | SecretBytes) -> Any:
    text = _text(secret)
    return {REFERENCE: seal(text)} if text else ""


def _text(secret: SecretStr | SecretBytes) -> str:
    plain = secret.get_secret_value()
    return plain if isinstance(plain, str) else plain.decode(errors="surrogateescape")


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, BaseModel):
        return vars(value).values()
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value).values()
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple | set | frozenset) else ()


def _parts(value: Any) -> dict[str, Any]:
    """Return what a model or dataclass is written as, with its secrets still secret."""
    return value.model_dump(by_alias=True) if isinstance(value, BaseModel) else _fields(value)


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
