"""Which field a property gets."""

from workflows_app.wizard.choices import MOST_LISTED, ChecklistField, ChoiceField, ChoicesField
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
from workflows_app.wizard.pickers import (
    LongChoiceField,
    LongChoicesField,
    PickerField,
    PickersField,
    is_looked_up,
)
from workflows_app.wizard.schema import Property, is_line

BY_FORMAT: dict[str, type[InputField]] = {
    "accept": ChecklistField,
    "date-time": MomentField,
    "timestamp": TimestampField,
}


def field_for(prop: Property, *, blind: bool = False) -> InputField:
    """Return a field that reads and shows values of the property.

    Args:
        blind: whether it shows nothing of what is looked up; then it takes what is typed.
    """
    if is_looked_up(prop):
        several = prop.type == "array"
        if blind:
            return LinesField(prop) if several else TextField(prop)
        return PickersField(prop) if several else PickerField(prop)
    return _kind(prop)(prop)


def _kind(prop: Property) -> type[InputField]:
    if prop.format in BY_FORMAT:
        return BY_FORMAT[prop.format]
    if "enum" in prop.schema or (prop.type == "boolean" and prop.nullable):
        many = len(prop.schema.get("enum", ())) > MOST_LISTED
        return LongChoiceField if many else ChoiceField
    if prop.type == "boolean":
        return TickField
    if prop.type == "array" and prop.item:
        return _of_items(prop.item)
    return _typed(prop)


def _of_items(item: Property) -> type[InputField]:
    if "enum" not in item.schema:
        return LinesField
    return LongChoicesField if len(item.schema["enum"]) > MOST_LISTED else ChoicesField


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
