"""The form in which keys of a state are changed, and the preview of what that would change.

A value that must not be shown is not filled in either: left blank, it stays. What was previewed
travels sealed, so a secret that was typed is in no page.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic import SecretStr

from workflows_app.console.values import displayed, size_of
from workflows_app.errors import NotJSON, SealBroken, WorkflowError
from workflows_app.json_values import JSON, JSONObject, changes, to_json
from workflows_app.masking import is_masked
from workflows_app.sealing import seal, unseal
from workflows_app.secret_values import is_reference

LONGEST = 20_000  # Characters of a value that is filled in.
LONGEST_KEY = 200
_PREFIX = "value:"


class Incomplete(WorkflowError):
    """Something that the action needs was not given, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key of the state: its value as JSON, or why that is not filled in."""

    key: str
    text: str
    size: str
    why_blank: str = ""
    opened: bool = False

    @property
    def name(self) -> str:
        """The name of its field in the form."""
        return f"{_PREFIX}{self.key}"

    @property
    def rows(self) -> int:
        """How many lines the field has."""
        return min(12, self.text.count("\n") + 1)


def fields(state: JSONObject, post: QueryDict) -> list[Field]:
    """Return a field for each key, with what was typed so far."""
    return [_field(key, state[key], post.get(f"{_PREFIX}{key}")) for key in sorted(state)]


def given(state: JSONObject, post: QueryDict) -> JSONObject:
    """Return the values that the form gives: only those that are others than the state's.

    Raises:
        Incomplete: one is not JSON, or nothing would change.
    """
    values = _read_object(post) | dict(_read_fields(state, post)) | _read_new(post)
    try:
        values = {key: to_json(value) for key, value in values.items()}
    except NotJSON as error:
        raise Incomplete(str(error)) from error
    if not changes(state, values):
        raise Incomplete(_("nothing would change: give at least one key another value"))
    return changes(state, values)


def sealed(values: JSONObject, *, whose: str) -> str:
    """Return what was previewed, to be sent back by ``whose`` page."""
    return seal(json.dumps({"whose": whose, "values": values}))


def unsealed(text: str, *, whose: str) -> JSONObject:
    """Return what was previewed.

    Raises:
        Incomplete: the page did not send what it was given.
    """
    try:
        previewed = json.loads(unseal(text))
    except (SealBroken, ValueError) as error:
        raise Incomplete(_("the preview cannot be read; make it again")) from error
    if not isinstance(previewed, dict) or previewed.get("whose") != whose:
        raise Incomplete(_("the preview is of something else; make it again"))
    found: JSONObject = previewed["values"]
    return found


def _field(key: str, value: JSON, typed: str | None) -> Field:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    why = ""
    if displayed(key, value) != value:
        why = _("It is not shown. Leave this blank to keep it.")
    elif len(text) > LONGEST:
        why = _("It is too long to be filled in. Leave this blank to keep it.")
    shown = "" if why else text
    opened = typed is not None and not why and _one_line(typed) != _one_line(shown)
    return Field(key, typed if opened and typed else shown, size_of(text), why, opened)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _read_fields(state: JSONObject, post: QueryDict) -> Iterator[tuple[str, JSON]]:
    for key, value in state.items():
        text = post.get(f"{_PREFIX}{key}", "")
        if not text.strip() or _one_line(text) == _one_line(_field(key, value, None).text):
            continue
        if is_reference(value):
            yield key, SecretStr(text)  # As it is typed: a secret is no JSON.
        elif is_masked(key) and isinstance(value, str) and not text.lstrip().startswith('"'):
            yield key, text
        else:
            yield key, _parsed(text, key)


def _read_object(post: QueryDict) -> JSONObject:
    """Return what was given for several keys at once."""
    text = post.get("several", "").strip()
    if not text:
        return {}
    found = _parsed(text, _("the values"))
    if not isinstance(found, dict) or any(len(key) > LONGEST_KEY for key in found):
        raise Incomplete(_("several values at once are a JSON object, by their keys"))
    return found


def _read_new(post: QueryDict) -> JSONObject:
    key = post.get("new_key", "").replace("\0", "").strip()[:LONGEST_KEY]
    return {key: _parsed(post.get("new_value", ""), key)} if key else {}


def _parsed(text: str, what: str) -> JSON:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        told = _("%(what)s is not JSON: %(why)s. A text stands in double quotes.")
        raise Incomplete(told % {"what": what, "why": error}) from error
