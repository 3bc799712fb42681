"""The fields for values that are looked up: searched as one types, or with a button."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from workflows_app.pickers.customers import FORMATS as CUSTOMERS, customers
from workflows_app.pickers.offers import Choices, Offer, Offers, Source
from workflows_app.pickers.subscriptions import (
    FORMAT as SUBSCRIPTION,
    SubscriptionRule,
    Subscriptions,
)
from workflows_app.wizard.choices import ChoiceField, ChoicesField
from workflows_app.wizard.fields import InputField
from workflows_app.wizard.hints import join, to_choose
from workflows_app.wizard.schema import Property

LOOKED_UP = (SUBSCRIPTION, *CUSTOMERS)  # Formats of what only some people may look at.
LONGEST_SEARCH = 200


class Picker(forms.Widget):
    """One or several values of a source, with a search. See ``pickers.js`` for the rest."""

    template_name = "forms/picker.html"

    def __init__(self, source: Source, *, several: bool, blank: bool) -> None:
        super().__init__()
        self.source = source
        self.several, self.blank = several, blank
        self.offers: Offers | None = None  # What was searched for on this page.
        self.use_fieldset = several

    def search(self, text: str) -> Offers:
        """Look for the text, and show what was found."""
        self.offers = self.source.search(text[:LONGEST_SEARCH])
        return self.offers

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> Any:
        if not self.several:
            return data.get(name)
        typed = data.getlist(name) if isinstance(data, QueryDict) else []
        return [line.strip() for text in typed for line in text.splitlines() if line.strip()]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, None, attrs)
        values = [text for text in (value if isinstance(value, list) else [value]) if text]
        chosen = [str(text) for text in values]
        labels = self.source.labels(chosen) if chosen else {}
        offers = self.offers or self.source.search("")
        rest = [offer for offer in offers.found if offer.value not in chosen]
        return context | {
            "chosen": [Offer(text, labels.get(text, text)) for text in chosen],
            "offers": offers,
            "rest": rest,
            "searched": self.offers is not None,
            "several": self.several,
            "blank": self.blank,
            "free": self.source.free,
        }


class PickerField(InputField):
    """One value that is looked up."""

    def make_widget(self) -> forms.Widget:
        return Picker(self.source(), several=False, blank=self.prop.nullable)

    def source(self) -> Source:
        return source_of(self.prop)

    def said(self, value: Any) -> list[str]:
        values = super().said(value)
        labels = self.source().labels(values)
        return [labels.get(text, text) for text in values]


class PickersField(PickerField):
    """Several values that are looked up."""

    def make_widget(self) -> forms.Widget:
        return Picker(self.source(), several=True, blank=True)

    def source(self) -> Source:
        return source_of(self.prop.item or self.prop)

    def hint(self) -> str:
        return join(self.prop.help, to_choose(self.prop))

    def refuses_blank(self) -> bool:
        return bool(self.prop.bounds[0])

    def blank(self) -> Any:
        return None if self.prop.nullable else []

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, list) else []


class LongChoiceField(ChoiceField):
    """One of many values of the author's."""

    def make_widget(self) -> forms.Widget:
        return Picker(Choices(self.choices()), several=False, blank=self.prop.nullable)


class LongChoicesField(ChoicesField):
    """Several of many values of the author's."""

    def make_widget(self) -> forms.Widget:
        return Picker(Choices(self.choices()), several=True, blank=True)


def source_of(prop: Property) -> Source:
    """Return where the values of a property are looked up."""
    if prop.format == SUBSCRIPTION:
        return Subscriptions(SubscriptionRule.of(prop.extra))
    return customers()


def is_looked_up(prop: Property) -> bool:
    """Say whether values of the property, or of its items, are looked up."""
    item = prop.item if prop.type == "array" else None
    return (item or prop).format in LOOKED_UP
