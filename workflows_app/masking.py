"""What must not be read on a page or in an answer: sealed secrets, and values of telling keys.

``ORCHESTRATOR["MASKED_KEYS"]`` names the keys, with ``*`` for any characters, in any case. What
they hold is shown as stars wherever a state, a patch, a callback's result or a log is shown; it
is stored as it came, and steps get it as it is.
"""

from collections.abc import Mapping
from fnmatch import translate
from functools import lru_cache
from re import IGNORECASE, Pattern, compile as compile_pattern

from workflows_app import app_settings
from workflows_app.json_values import JSON, JSONObject
from workflows_app.secret_values import STARS, is_reference


def masked(value: JSON) -> JSON:
    """Return ``value`` as it may be shown; an independent copy."""
    if is_reference(value):
        return STARS
    if isinstance(value, dict):
        return masked_object(value)
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


def masked_object(value: Mapping[str, JSON]) -> JSONObject:
    """Return a JSON object as it may be shown, its values masked by their keys."""
    return {key: masked_at(key, item) for key, item in value.items()}


def masked_at(key: str, value: JSON) -> JSON:
    """Return the value of a key as it may be shown. That there is nothing may be told."""
    if is_masked(key):
        return value if value in (None, "", [], {}) else STARS
    return masked(value)


def is_masked(key: str) -> bool:
    """Whether what the key holds must not be shown."""
    return bool(_pattern(tuple(app_settings.get("MASKED_KEYS"))).fullmatch(key))


@lru_cache(maxsize=8)
def _pattern(keys: tuple[str, ...]) -> Pattern[str]:
    return compile_pattern("|".join(map(translate, keys)) or "(?!)", IGNORECASE)
