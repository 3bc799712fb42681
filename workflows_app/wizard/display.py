"""What a page only shows, as plain values for a template to escape."""

import json
from dataclasses import dataclass, field
from enum import Enum
from inspect import cleandoc
from typing import Any

from django.utils.translation import gettext as _, gettext_lazy

from workflows_app.wizard.prose import prose
from workflows_app.wizard.schema import OMITTED, Property

TONES = {
    "primary": gettext_lazy("Note"),
    "success": gettext_lazy("Good"),
    "warning": gettext_lazy("Warning"),
    "danger": gettext_lazy("Danger"),
    "accent": gettext_lazy("Important"),
}
BLOCKS = {"callout", "divider", "hidden", "label", "markdown", "summary"}


@dataclass(frozen=True)
class Shown:
    """A block to show.

    Args:
        kind: a block of pydantic-forms, or "value" for a value the operator may not change.
        tone: primary, success, warning, danger or accent.
        rows: of a summary, each with its label first.
    """

    kind: str
    text: str = ""
    heading: str = ""
    tone: str = "primary"
    headers: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)

    @property
    def said_tone(self) -> str:
        """What the colour says, in a word."""
        return str(TONES[self.tone])


def shown(prop: Property) -> Shown:
    """Return what to show for a read-only property."""
    kind = prop.format if prop.format in BLOCKS else "value"
    value = None if prop.default is OMITTED else prop.default
    match kind:
        case "label":
            return Shown(kind, text(value) or prop.label)
        case "summary":
            return _summary(prop.extra.get("data") or {})
        case "callout" | "markdown":
            return _note(kind, value or {})
        case "value" if isinstance(value, list):
            return Shown(kind, items=[text(item) for item in value])
        case "value":
            return Shown(kind, _labelled(prop, value) or "—")
    return Shown(kind)


def text(value: Any) -> str:
    """Return a JSON value the way a person reads it."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dict | list):
        return json.dumps(value, indent=2, ensure_ascii=False)
    if isinstance(value, Enum):
        return text(value.value)
    return "" if value is None else str(value)


def _labelled(prop: Property, value: Any) -> str:
    labels = prop.schema.get("options", {})
    return str(labels[value]) if isinstance(value, str) and value in labels else text(value)


def _note(kind: str, note: dict[str, Any]) -> Shown:
    tone = text(note.get("message_type" if kind == "callout" else "color"))
    said = text(note.get("message" if kind == "callout" else "content"))
    return Shown(
        kind,
        prose(cleandoc(said)) if kind == "markdown" else said,
        heading=text(note.get("header")),
        tone=tone if tone in TONES else "primary",
    )


def _summary(data: dict[str, Any]) -> Shown:
    columns, labels = data.get("columns") or [], data.get("labels") or []
    height = max([len(labels), *map(len, columns)])
    rows = [
        [text(column[at]) if at < len(column) else "" for column in (labels, *columns)]
        for at in range(height)
    ]
    return Shown(
        "summary", headers=[text(header) for header in data.get("headers") or []], rows=rows
    )
