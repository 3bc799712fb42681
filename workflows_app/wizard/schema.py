"""A page's JSON schema, one property at a time.

References are resolved when a property is looked at, so a model may contain itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from pydantic import BaseModel

from workflows_app.forms import page_schema
from workflows_app.localized import localized

OMITTED: Final = object()  # No value: neither given by the operator nor as a default.
MOST_FIXED_ROWS = 5  # A list of exactly so many values gets an input for each.
SCALARS = {"string", "integer", "number"}

Schema = dict[str, Any]


class Shape(StrEnum):
    FIELD = "field"  # One input, or a group of tick boxes.
    GROUP = "group"  # A nested model.
    ROWS = "rows"  # A list whose items are more than a line of text.
    OPTIONAL = "optional"  # A nested model or none: at most one row.
    DISPLAY = "display"  # Shown, never submitted.


@dataclass(frozen=True)
class Property:
    """One property of a page or of a nested model, its references resolved."""

    name: str
    schema: Schema
    definitions: Mapping[str, Schema]
    required: bool = True
    nullable: bool = False

    @property
    def label(self) -> str:
        """The author's title, or else the name in sentence case, as Django writes labels."""
        title = str(self.schema.get("title", ""))
        by_pydantic = self.name.title().replace("_", " ").strip()
        unnamed = title in {"", by_pydantic}
        return localized(self.name.replace("_", " ").capitalize() if unnamed else title)

    @property
    def help(self) -> str:
        return localized(str(self.schema.get("description", "")))

    @property
    def unit(self) -> str:
        """What a number is a number of, if the author says so in the JSON schema."""
        return str(self.schema.get("unit") or self.extra.get("unit") or "")

    @property
    def format(self) -> str:
        return str(self.schema.get("format", ""))

    @property
    def type(self) -> str:
        return str(self.schema.get("type", ""))

    @property
    def default(self) -> Any:
        return self.schema.get("default", OMITTED)

    @property
    def extra(self) -> Mapping[str, Any]:
        """What the validators of pydantic-forms tell a front end beyond JSON schema."""
        told = self.schema.get("extraProperties") or self.schema.get("uniforms")
        return told if isinstance(told, Mapping) else {}

    @property
    def bounds(self) -> tuple[int, int | None]:
        """How few and how many items a list has."""
        if self.shape is Shape.OPTIONAL:
            return 0, 1
        return self.schema.get("minItems", 0), self.schema.get("maxItems")

    @property
    def item(self) -> "Property | None":
        """What an item of the list is; None if the items differ or may be anything."""
        items = self.schema.get("items")
        if not items or "prefixItems" in self.schema:
            return None
        item = read_property("value", items, self.definitions)
        return replace(item, schema={"title": self.label, **item.schema})

    @property
    def children(self) -> list["Property"]:
        return list(properties(self.schema, self.definitions))

    @property
    def classes(self) -> str:
        """The style sheet's names for the author's ``Layout``."""
        layout = self.schema.get("layout") or {}
        names = {"span": "span", "start": "start", "rowSpan": "rows", "align": "align"}
        placed = [f"wf-{names[key]}-{layout[key]}" for key in names if layout.get(key)]
        return " ".join(["wf-new-row"] * bool(layout.get("newRow")) + placed)

    @property
    def is_object(self) -> bool:
        return bool(self.schema.get("properties"))

    @property
    def row(self) -> "Property":
        """What a row holds: the item of a list, or the model that may be left out."""
        item = self if self.shape is Shape.OPTIONAL else self.item
        if item is None:
            raise TypeError(f"{self.name} has no rows.")
        return item

    def row_properties(self, label: str) -> list["Property"]:
        """Return a row's properties; a row of anything but a model has one, called ``value``."""
        if self.is_object:
            return self.children
        return [replace(self, schema={**self.schema, "title": label})]

    @cached_property
    def shape(self) -> Shape:
        if self.schema.get("readOnly"):
            return Shape.DISPLAY
        if self.is_object:
            return Shape.OPTIONAL if self.nullable else Shape.GROUP
        if self.type == "array" and self._has_rows():
            return Shape.ROWS
        return Shape.FIELD

    def _has_rows(self) -> bool:
        item = self.item
        if item is None or "enum" in item.schema:
            return False
        fewest, most = self.schema.get("minItems", 0), self.schema.get("maxItems")
        return not is_line(item) or (fewest == most and most <= MOST_FIXED_ROWS)


def is_line(prop: Property) -> bool:
    """Say whether a value of the property fits on one line of text."""
    members = prop.schema.get("anyOf", [prop.schema])
    return prop.format != "long" and all(member.get("type") in SCALARS for member in members)


def page_properties(page: type[BaseModel]) -> list[Property]:
    schema = page_schema(page)
    definitions = schema.get("$defs", {})
    return list(properties(_resolved(schema, definitions)[0], definitions))


def properties(schema: Schema, definitions: Mapping[str, Schema]) -> Iterable[Property]:
    required = schema.get("required", [])
    for name, node in schema.get("properties", {}).items():
        yield read_property(name, node, definitions, required=name in required)


def read_property(
    name: str, node: Schema, definitions: Mapping[str, Schema], *, required: bool = True
) -> Property:
    schema, nullable = _resolved(node, definitions)
    return Property(name, schema, definitions, required=required, nullable=nullable)


def _resolved(node: Schema, definitions: Mapping[str, Schema]) -> tuple[Schema, bool]:
    """Follow references and take ``None`` out of the alternatives; say whether it was there."""
    match node:
        case {"$ref": str(reference), **own}:
            target = dict(definitions[reference.rpartition("/")[2]])
            target.pop("title", None)  # The name of a class, which is no label.
            if "enum" in target:
                target.pop("description", None)
            return _resolved({**target, **own}, definitions)
        case {"anyOf": [{"type": "null"}, only] | [only, {"type": "null"}], **own}:
            return _resolved({**only, **own}, definitions)[0], True
        case {"anyOf": list(members), **own} if {"type": "null"} in members:
            others = [member for member in members if member != {"type": "null"}]
            return {"anyOf": others, **own}, True
        case {"enum": list(values)} if None in values:
            return {**node, "enum": [value for value in values if value is not None]}, True
        case {"const": value, **own} if own.get("type") != "boolean":
            return {"enum": [value], **own}, False
    return node, False
