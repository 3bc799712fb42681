"""What became of a value: for objects and lists only the places that changed, for texts the lines.

Everything is compared as it is shown, so a secret is as unreadable in a difference as elsewhere.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from enum import Enum
from itertools import islice, zip_longest
from typing import Final, Literal, TypeAlias

from workflows_app.console.values import LONGEST, Shown, displayed, shown
from workflows_app.json_values import JSON, JSONObject, changes

MOST = 60  # Places, or lines, that are shown of one value.
_LONGEST_LIST = 500  # Items of a list that is compared item by item.
_KINDS = {"+": "added", "-": "removed", "@": "gap"}


class _Absent(Enum):
    NOTHING = "nothing"


_NOTHING: Final = _Absent.NOTHING
_Maybe: TypeAlias = JSON | Literal[_Absent.NOTHING]


@dataclass(frozen=True, slots=True)
class Place:
    """What happened somewhere inside a value; None where there was, or is, nothing."""

    path: str
    old: Shown | None
    new: Shown | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text: ``added``, ``removed``, ``kept``, or a ``gap`` between those."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one key: the values, and if that says more, the places or lines."""

    key: str
    old: Shown | None
    new: Shown | None
    places: list[Place]
    lines: list[Line]
    cut: bool = False

    @property
    def detailed(self) -> bool:
        """Whether there is something better to show than both values."""
        return bool(self.places or self.lines)


def patched(before: Mapping[str, JSON], patch: JSONObject) -> list[Difference]:
    """Return what ``patch`` does to ``before``, key by key."""
    return [_difference(key, before.get(key, _NOTHING), value) for key, value in patch.items()]


def compared(one: JSONObject, other: JSONObject) -> list[Difference]:
    """Return what is different in ``other``, keys that are gone included."""
    keys = sorted({*changes(one, other), *(one.keys() - other.keys())})
    return [_difference(key, one.get(key, _NOTHING), other.get(key, _NOTHING)) for key in keys]


def _difference(key: str, was: _Maybe, is_now: _Maybe) -> Difference:
    old = _NOTHING if was is _NOTHING else displayed(key, was)
    new = _NOTHING if is_now is _NOTHING else displayed(key, is_now)
    alike = isinstance(old, dict | list) and type(old) is type(new)
    inside = _places("", old, new) if alike else iter(())
    places = list(islice(inside, MOST + 1))
    lines = list(islice(_lines(old, new), MOST + 1))
    cut = max(len(places), len(lines)) > MOST
    return Difference(key, _shown(old), _shown(new), places[:MOST], lines[:MOST], cut=cut)


def _shown(value: _Maybe) -> Shown | None:
    return None if value is _NOTHING else shown(value)


def _places(path: str, old: _Maybe, new: _Maybe) -> Iterator[Place]:
    inside = f"{path}." if path else ""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _in_objects(inside, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _in_lists(inside, old, new)
    elif old is _NOTHING or new is _NOTHING or changes({"": old}, {"": new}):
        yield Place(path, _shown(old), _shown(new))


def _in_objects(prefix: str, old: JSONObject, new: JSONObject) -> Iterator[Place]:
    for key in {**old, **new}:
        yield from _places(f"{prefix}{key}", old.get(key, _NOTHING), new.get(key, _NOTHING))


def _in_lists(prefix: str, old: list[JSON], new: list[JSON]) -> Iterator[Place]:
    """Yield what changed in a list; an item that was put in between moves no others."""
    if max(len(old), len(new)) > _LONGEST_LIST:
        return
    texts = [[json.dumps(item, sort_keys=True) for item in items] for items in (old, new)]
    matcher = SequenceMatcher(None, texts[0], texts[1], autojunk=False)
    for what, i1, i2, j1, j2 in matcher.get_opcodes():
        if what == "equal":
            continue
        pairs = zip_longest(old[i1:i2], new[j1:j2], fillvalue=_NOTHING)
        for offset, (was, is_now) in enumerate(pairs):
            at = (i1 if is_now is _NOTHING else j1) + offset
            yield from _places(f"{prefix}{at}", was, is_now)


def _lines(old: _Maybe, new: _Maybe) -> Iterator[Line]:
    """Yield the lines that changed, each with one that did not before and after it."""
    if not (isinstance(old, str) and isinstance(new, str) and "\n" in old + new):
        return
    if max(len(old), len(new)) > LONGEST:
        return
    found = unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
    for line in islice(found, 3, None):  # After the names of files, and the first gap.
        yield Line(_KINDS.get(line[0], "kept"), "" if line[0] == "@" else line[1:])
