"""The fields for values that are chosen or ticked rather than typed."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from workflows_app.wizard.fields import InputField
from workflows_app.wizard.hints import join, to_choose
from workflows_app.wizard.widgets import Checklist

MOST_RADIOS = 4
MOST_LISTED = 12  # Of more than that one is searched for.


class ChoiceField(InputField):
    """One of several values: radio buttons if they are few, otherwise a menu."""

    def make_widget(self) -> forms.Widget:
        choices = self.choices()
        if len(choices) <= MOST_RADIOS and not self.prop.nullable:
            return forms.RadioSelect(choices=choices)
        blank = "—" if self.prop.nullable else _("Choose…")
        return forms.Select(choices=[("", blank), *choices])

    def choices(self) -> list[tuple[str, str]]:
        if self.prop.type == "boolean":
            return [("Yes", _("Yes")), ("No", _("No"))]
        labels = self.enumeration().get("options", {})
        return [(key, str(labels.get(value, key))) for key, value in self.values().items()]

    def said(self, value: Any) -> list[str]:
        labels = dict(self.choices())
        shown = self.prepare_value(value)
        keys = shown if isinstance(shown, list) else [shown]
        return [str(labels.get(key, key)) for key in keys if key != ""]

    def values(self) -> dict[str, Any]:
        if self.prop.type == "boolean":
            return {"Yes": True, "No": False}  # As posted; what is shown is translated.
        return {str(value): value for value in self.enumeration()["enum"]}

    def enumeration(self) -> dict[str, Any]:
        return self.prop.schema

    def parse(self, raw: Any) -> Any:
        return self.values().get(raw, raw)

    def prepare_value(self, value: Any) -> Any:
        if value is None or self.prop.type != "boolean":
            return "" if value is None else str(value)
        return {True: "Yes", False: "No"}.get(value, "")


class ChoicesField(ChoiceField):
    """Any number of several values: boxes to tick."""

    def make_widget(self) -> forms.Widget:
        return forms.CheckboxSelectMultiple(choices=self.choices())

    def hint(self) -> str:
        return join(self.prop.help, to_choose(self.prop))

    def enumeration(self) -> dict[str, Any]:
        return self.prop.item.schema if self.prop.item else {}

    def refuses_blank(self) -> bool:
        return bool(self.prop.bounds[0])

    def blank(self) -> Any:
        return None if self.prop.nullable else []

    def parse(self, raw: list[str]) -> Any:
        return [super(ChoicesField, self).parse(text) for text in raw]

    def prepare_value(self, value: Any) -> Any:
        return [str(item) for item in value] if isinstance(value, list) else []


class ChecklistField(InputField):
    def make_widget(self) -> forms.Widget:
        return Checklist(self.prop.schema.get("data"))

    def said(self, value: Any) -> list[str]:
        return [_("Accepted") if value == "ACCEPTED" else _("Not accepted")]
