"""Which field a property gets."""

from workflows_app.wizard.choices import ChecklistField, ChoiceField, ChoicesField
from workflows_app.wizard.fields import (
    HiddenField,
    InputField,
    JSONField,
    LinesField,
    NumberField,
    TextField,
    TickField,
)
from workflows_app.wizard.moments import MomentField, TimestampField
from workflows_app.wizard.schema import Property, is_line

BY_FORMAT: dict[str, type[InputField]] = {
    "accept": ChecklistField,
    "date-time": MomentField,
    "timestamp": TimestampField,
}


def field_for(prop: Property) -> InputField:
    """Return a field that reads and shows values of the property."""
    return _kind(prop)(prop)


def _kind(prop: Property) -> type[InputField]:
    if prop.format in BY_FORMAT:
        return BY_FORMAT[prop.format]
    if "enum" in prop.schema or (prop.type == "boolean" and prop.nullable):
        return ChoiceField
    if prop.type == "boolean":
        return TickField
    if prop.type == "array" and prop.item:
        return ChoicesField if "enum" in prop.item.schema else LinesField
    return _typed(prop)


def _typed(prop: Property) -> type[InputField]:
    if prop.format == "long":
        return TextField
    if not is_line(prop):
        return JSONField
    if prop.format == "hidden":
        return HiddenField
    return TextField if _is_text(prop) else NumberField


def _is_text(prop: Property) -> bool:
    types = [member.get("type") for member in prop.schema.get("anyOf", [prop.schema])]
    return set(types) == {"string"} or ("integer" in types and "string" in types)
