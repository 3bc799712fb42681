"""A property on a page, and the parts that have no others within them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from workflows_app.wizard.display import shown
from workflows_app.wizard.faults import Fault, Problem
from workflows_app.wizard.kinds import field_for
from workflows_app.wizard.pickers import Picker
from workflows_app.wizard.schema import OMITTED, Property
from workflows_app.wizard.widgets import Checklist, PageRenderer


class Holder(forms.Form):
    """The Django form that holds the fields of one JSON object.

    Args:
        inputs: the object's JSON.
        faults: what is wrong with it, seen from there.
        blind: whether it shows nothing of what is looked up.
    """

    def __init__(
        self,
        *,
        inputs: Mapping[str, Any],
        faults: Iterable[Fault],
        prefix: str,
        blind: bool = False,
    ) -> None:
        super().__init__(prefix=prefix, renderer=PageRenderer())
        self.inputs = inputs
        self.faults = list(faults)
        self.blind = blind


class Part:
    """One property of an object, as the page shows it."""

    template: ClassVar[str]
    shows_faults: ClassVar[bool] = True
    optional = False

    def __init__(self, form: Holder, prop: Property) -> None:
        self.prop = prop
        self.name = form.add_prefix(prop.name)
        self.value = form.inputs.get(prop.name, prop.default)
        self.faults = [
            Fault(fault.loc[1:], fault.message)
            for fault in form.faults
            if fault.loc[:1] == (prop.name,)
        ]

    @classmethod
    def read(cls, prop: Property, post: QueryDict, name: str) -> Any:
        """Return the JSON that was posted under the name, or ``OMITTED``."""
        return OMITTED

    def problems(self) -> Iterator[Problem]:
        return iter(())

    def picker(self, name: str) -> Picker | None:
        return None

    def rows_changed(self, change: str) -> None:
        """Give the focus to the row that a button has added or moved."""


class FieldPart(Part):
    template = "forms/field.html"

    def __init__(self, form: Holder, prop: Property) -> None:
        super().__init__(form, prop)
        form.fields[prop.name] = field_for(prop, blind=form.blind)
        if self.value is not OMITTED:
            form.initial[prop.name] = self.value
        self.form = form

    @classmethod
    def read(cls, prop: Property, post: QueryDict, name: str) -> Any:
        return field_for(prop).read(post, name)

    @property
    def bound(self) -> BoundField:
        return self.form[self.prop.name]

    @property
    def optional(self) -> bool:  # type: ignore[override]
        field = self.bound.field
        return not (field.required or self.is_tick or self.bound.is_hidden)

    @property
    def is_tick(self) -> bool:
        return isinstance(self.bound.field.widget, forms.CheckboxInput)

    @property
    def target(self) -> str:
        """The id of the first thing in the field that takes the focus."""
        widget = self.bound.field.widget
        if isinstance(widget, Checklist):
            return widget.first_id(self.bound.auto_id)
        if isinstance(widget, Picker):
            return self.bound.auto_id
        return f"{self.bound.auto_id}_0" if self.bound.use_fieldset else self.bound.auto_id

    def problems(self) -> Iterator[Problem]:
        for message in self.bound.errors:
            yield Problem(self.target, self.prop.label, str(message))

    def picker(self, name: str) -> Picker | None:
        widget = self.bound.field.widget
        return widget if isinstance(widget, Picker) and name == self.name else None


class DisplayPart(Part):
    """Something to read. Its value is the page's own, whatever is submitted."""

    template = "forms/display.html"
    shows_faults = False

    def __init__(self, form: Holder, prop: Property) -> None:
        super().__init__(form, prop)
        self.shown = shown(prop)
