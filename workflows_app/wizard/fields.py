"""One Django field and widget per kind of value.

A field reads what a browser posts into the JSON that pydantic judges, and shows such JSON again.
What cannot be read is passed on as text: so pydantic says what is wrong with it, and the page
shows it as it was typed.
"""

import json
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _, gettext_lazy

from workflows_app.wizard.display import text
from workflows_app.wizard.hints import amount, join
from workflows_app.wizard.schema import OMITTED, Property
from workflows_app.wizard.typed import NotJSONText, json_of, number

INPUT_TYPES = {"email": "email", "uri": "url", "date": "date", "time": "time"}
HINTS = {"duration": gettext_lazy("As 01:30:00 or PT1H30M.")}
DOTS = "••••••••"  # A secret, whatever its length.


class InputField(forms.Field):
    """A field that reads and shows JSON; pydantic, not Django, validates it."""

    def __init__(self, prop: Property) -> None:
        self.prop = prop
        super().__init__(
            label=prop.label,
            help_text=self.hint(),
            required=not prop.nullable and self.refuses_blank(),
            widget=self.make_widget(),
        )

    def make_widget(self) -> forms.Widget:
        return forms.TextInput()

    def hint(self) -> str:
        return join(self.prop.help, HINTS.get(self.prop.format, ""))

    def refuses_blank(self) -> bool:
        return True

    def read(self, post: QueryDict, name: str) -> Any:
        """Return the JSON that was posted, or ``OMITTED``."""
        raw = self.widget.value_from_datadict(post, MultiValueDict(), name)
        return self.blank() if raw in (None, "", []) else self.parse(raw)

    def blank(self) -> Any:
        return None if self.prop.nullable else OMITTED

    def parse(self, raw: Any) -> Any:
        return raw

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else value

    def said(self, value: Any) -> list[str]:
        """Return the lines that a person reads of the value; none if it was left empty."""
        values = value if isinstance(value, list) else [value]
        return [text(item) for item in values if item not in (None, "")]


class HiddenField(InputField):
    """A value that travels with the page, unseen."""

    def make_widget(self) -> forms.Widget:
        return forms.HiddenInput()


class TextField(InputField):
    """A line or an area of text; clearing it where a default stood means an empty text."""

    def make_widget(self) -> forms.Widget:
        schema = self.prop.schema
        attrs = {
            "minlength": schema.get("minLength"),
            "maxlength": schema.get("maxLength"),
            # pydantic searches where HTML wants the whole value to match.
            "step": 1 if self.prop.format == "time" else None,
            "pattern": f".*(?:{schema['pattern']}).*" if "pattern" in schema else None,
        }
        attrs = {name: value for name, value in attrs.items() if value is not None}
        if self.prop.format == "long":
            attrs.pop("pattern", None)
            return forms.Textarea({**attrs, "rows": 6})
        if self.prop.format == "password":
            return forms.PasswordInput({**attrs, "autocomplete": "new-password"})
        return forms.TextInput({**attrs, "type": INPUT_TYPES.get(self.prop.format, "text")})

    def refuses_blank(self) -> bool:
        return self.prop.required or (self.prop.format not in {"", "long"})

    def blank(self) -> Any:
        return super().blank() if self.prop.nullable or self.refuses_blank() else ""

    def said(self, value: Any) -> list[str]:
        return [DOTS] if value and self.prop.format == "password" else super().said(value)

    def parse(self, raw: str) -> Any:
        if self.prop.format == "long":
            return raw.replace("\r\n", "\n")
        if self.prop.format == "password":
            return raw
        return raw.strip() or self.blank()


class NumberField(InputField):
    """A number; a decimal stays text on its way to pydantic, which keeps every digit."""

    def make_widget(self) -> forms.Widget:
        members = self.prop.schema.get("anyOf", [self.prop.schema])
        schema = next(member for member in members if member.get("type") in {"integer", "number"})
        whole = schema["type"] == "integer"
        attrs = {
            "min": schema.get("minimum", _next(schema.get("exclusiveMinimum"), +1, whole=whole)),
            "max": schema.get("maximum", _next(schema.get("exclusiveMaximum"), -1, whole=whole)),
            "step": schema.get("multipleOf", 1 if whole and len(members) == 1 else "any"),
            "inputmode": "numeric" if whole and schema.get("minimum", -1) >= 0 else None,
        }
        return forms.NumberInput(
            {name: value for name, value in attrs.items() if value is not None}
        )

    def parse(self, raw: str) -> Any:
        typed = raw.strip()
        decimal = any(
            member.get("type") == "string" for member in self.prop.schema.get("anyOf", [])
        )
        return (typed if decimal else number(typed)) if typed else self.blank()


class TickField(InputField):
    """A box to tick."""

    def make_widget(self) -> forms.Widget:
        return forms.CheckboxInput()

    def refuses_blank(self) -> bool:
        return False


class LinesField(InputField):
    """A list of short values, one per line."""

    def make_widget(self) -> forms.Widget:
        return forms.Textarea({"rows": 4})

    def hint(self) -> str:
        return join(self.prop.help, _("One per line."), amount(self.prop))

    def refuses_blank(self) -> bool:
        return bool(self.prop.bounds[0])

    def blank(self) -> Any:
        return None if self.prop.nullable else []

    def parse(self, raw: str) -> Any:
        lines = [line.strip() for line in raw.splitlines() if line.strip()]
        numeric = self.prop.item is not None and self.prop.item.type in {"integer", "number"}
        return [number(line) if numeric else line for line in lines] or self.blank()

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value or ""


class JSONField(InputField):
    """Anything else, as JSON."""

    def make_widget(self) -> forms.Widget:
        return forms.Textarea({"rows": 6, "spellcheck": "false", "class": "wf-code"})

    def hint(self) -> str:
        return join(self.prop.help, _("As JSON."))

    def refuses_blank(self) -> bool:
        return self.prop.required

    def parse(self, raw: str) -> Any:
        return json_of(raw) if raw.strip() else self.blank()

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, NotJSONText):
            return value or ""
        return json.dumps(value, indent=2, ensure_ascii=False)


def _next(bound: Any, step: int, *, whole: bool) -> Any:
    return bound + step if whole and bound is not None else bound
