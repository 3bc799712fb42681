"""JSON as a page shows it: short values in a line, long ones folded, secrets hidden."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _, gettext_noop as marked

from workflows_app.console.terminal import Output, taken_apart
from workflows_app.json_values import JSON, JSONObject
from workflows_app.masking import masked, masked_at

LONG = 100  # Characters; what is longer is folded.
LONGEST = 20_000  # Characters of one value that a page carries.
HIDDEN = marked("hidden callback address")
_REFERENCE = "$callback"


@dataclass(frozen=True, slots=True)
class Shown:
    """One value as text; and what a remote system printed, if there is such a thing in it."""

    text: str
    size: str
    folded: bool
    cut: bool
    brief: str = ""  # What a fold says of it.
    output: Output | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a step did to one key."""

    key: str
    new: Shown
    old: Shown | None


def shown(value: JSON) -> Shown:
    """Return ``value`` as a page shows it."""
    value = _without_references(masked(value))
    text = value if isinstance(value, str) and value else _dump(value)
    output, rest = taken_apart(value)
    if output is not None:
        left = pretty(rest)[:LONGEST] if rest else ""
        return Shown(left, size_of(text), folded=True, cut=False, brief=output.last, output=output)
    folded = len(text) > LONG or "\n" in text
    if folded and not isinstance(value, str):
        text = pretty(value)
    return Shown(text[:LONGEST], size_of(text), folded, cut=len(text) > LONGEST, brief=text[:LONG])


def pretty(value: JSON) -> str:
    """Return ``value`` as indented JSON; a string as it is."""
    value = _without_references(masked(value))
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False)


def displayed(key: str, value: JSON) -> JSON:
    """Return the value of a key as it may be shown: no secret, no callback's address."""
    return _without_references(masked_at(key, value))


def changed(before: Mapping[str, JSON], patch: JSONObject) -> list[Change]:
    """Return what ``patch`` changes in ``before``, key by key."""
    return [
        Change(
            key,
            shown(displayed(key, value)),
            shown(displayed(key, before[key])) if key in before else None,
        )
        for key, value in patch.items()
    ]


def size_of(text: str) -> str:
    """Return the size of ``text`` as stored, in the unit that fits.

    >>> size_of("x" * 320), size_of("x" * 20480), size_of("x" * 3145728)
    ('320 B', '20 kB', '3.1 MB')
    """
    size = len(text.encode())
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def _dump(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False)


def _without_references(value: JSON) -> JSON:
    """Replace references to callback addresses, wherever they are, by words."""
    if isinstance(value, dict):
        if value.keys() == {_REFERENCE}:
            return _(HIDDEN)
        return {key: _without_references(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_references(item) for item in value]
    return value
