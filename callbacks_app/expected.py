"""What a step expects as a result: its JSON Schema, and a skeleton of it to fill in."""

from collections.abc import Mapping
from typing import Any

from pydantic.errors import PydanticUserError

from callbacks_app.models import CallbackToken
from callbacks_app.options import options_of
from workflows_app.json_values import JSON, JSONObject

_DEEPEST = 6  # Levels of a skeleton; a schema may refer to itself.
_EMPTY: Mapping[str, JSON] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "array": [],
}


def schema_of(callback: CallbackToken) -> JSONObject | None:
    """Return what a result of the callback must fit, if its step says so and it can be said."""
    model = options_of(callback).payload_model
    if model is None:
        return None
    try:
        return model.model_json_schema()
    except PydanticUserError:  # A type of the author's that JSON Schema has no words for.
        return None


def skeleton(schema: JSONObject) -> JSON:
    """Return a value with every property of the schema, to be filled in.

    >>> skeleton({"type": "object", "properties": {"rc": {"type": "integer"}, "on": {"const": 1}}})
    {'rc': 0, 'on': 1}
    """
    return _value(schema, schema.get("$defs", {}), 0)


def _value(part: Any, definitions: Mapping[str, Any], depth: int) -> JSON:
    part = _resolved(part, definitions)
    for name in ("default", "const"):
        if name in part:
            return part[name]
    if part.get("enum"):
        return part["enum"][0]
    if "properties" in part or part.get("type") == "object":
        if depth == _DEEPEST:
            return {}
        properties = part.get("properties", {})
        return {name: _value(of, definitions, depth + 1) for name, of in properties.items()}
    return _EMPTY.get(str(part.get("type")))


def _resolved(part: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Follow references, and take the first of several choices."""
    for _ in range(_DEEPEST):
        if not isinstance(part, dict):
            return {}
        choices = part.get("anyOf") or part.get("oneOf") or part.get("allOf")
        if "default" in part:
            return part
        if "$ref" in part:
            part = definitions.get(str(part["$ref"]).rpartition("/")[2])
        elif choices:
            part = choices[0]
        else:
            return part
    return {}
