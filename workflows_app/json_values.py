"""JSON in, JSON out: whatever enters a state is plain JSON before anyone sees it.

A value that passes ``to_json`` reads back from SQLite and PostgreSQL exactly as it is, so a step
cannot tell that a restart happened.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

from pydantic_core import PydanticSerializationError, to_json as _to_json_bytes

from workflows_app.errors import NotJSON
from workflows_app.secret_values import STARS, is_reference, sealed

JSON: TypeAlias = Any  # None, bool, int, float, str, or lists and string-keyed dicts of these.
JSONObject: TypeAlias = dict[str, Any]

_MASK = STARS.encode()
_ALWAYS_WHOLE = 1e16  # From here on Python's repr has an exponent instead of a fraction.


def to_json(value: Any, *, what: str = "the value") -> JSON:
    """Return ``value`` as plain JSON, converting what pydantic can convert.

    UUIDs, dates (with microseconds), decimals, enums, addresses, dataclasses and models become
    what pydantic makes of them; sets and tuples become lists. Secrets are sealed: Note [Secrets].

    Raises:
        NotJSON: it has something JSON or PostgreSQL cannot hold: an object of an unknown type,
            NaN or infinity, a NUL or half a surrogate pair in a string, a cycle.
    """
    try:
        text = _to_json_bytes(value, inf_nan_mode="constants")
        if _MASK in text:
            text = _to_json_bytes(sealed(value), inf_nan_mode="constants")
        plain = json.loads(text, parse_constant=_refuse_constant, parse_float=_number)
    except NotJSON as error:
        raise NotJSON(f"{what} {error}") from None
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise NotJSON(f"{what} cannot be stored as JSON: {error}") from error
    if b"\\u0000" in text and any("\0" in string for string in _strings(plain)):
        raise NotJSON(f"{what} contains the character NUL, which a database cannot store")
    return plain


def copy_json(value: JSON) -> JSON:
    """Return an independent copy of plain JSON; several times faster than ``deepcopy``."""
    if isinstance(value, dict):
        return {key: copy_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_json(item) for item in value]
    return value


def changes(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> JSONObject:
    """Return the keys of ``after`` that ``before`` lacks or has with another value.

    >>> changes({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": True})
    {'b': 3, 'c': True}
    >>> changes({"a": 1}, {"a": True})  # JSON's true is not its 1.
    {'a': True}
    """
    return {
        key: value
        for key, value in after.items()
        if key not in before or not _same(before[key], value)
    }


def replace_strings(value: JSON, replace: Callable[[str], str]) -> JSON:
    """Return ``value`` with ``replace`` applied to every string in it but sealed secrets."""
    if is_reference(value):
        return value
    if isinstance(value, dict):
        return {replace(key): replace_strings(item, replace) for key, item in value.items()}
    if isinstance(value, list):
        return [replace_strings(item, replace) for item in value]
    return replace(value) if isinstance(value, str) else value


def _same(one: JSON, other: JSON) -> bool:
    """Compare as JSON does: 1 and true differ, and so do 1 and 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _strings(value: JSON) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(text for item in value.values() for text in _strings(item))]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return [value] if isinstance(value, str) else []


def _number(text: str) -> float | int:
    """Return the number as PostgreSQL gives it back: 0 without a sign, big ones as integers."""
    number = float(text) or 0.0
    return int(number) if abs(number) >= _ALWAYS_WHOLE else number


def _refuse_constant(name: str) -> NoReturn:
    raise NotJSON(f"contains {name}, which is not JSON")
