"""What a page is made of, as Django forms within Django forms.

Every part does two things: ``read`` turns what a browser posted into the JSON that pydantic
judges, and an instance shows such JSON again, with what is wrong with it. So a refused page shows
what was typed, and so does one that an operator comes back to.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.forms.utils import ErrorDict
from django.http import QueryDict

from workflows_app.wizard.faults import Fault, Problem, within
from workflows_app.wizard.hints import amount
from workflows_app.wizard.leaves import DisplayPart, FieldPart, Holder, Part
from workflows_app.wizard.pickers import Picker
from workflows_app.wizard.schema import OMITTED, Property, Shape
from workflows_app.wizard.typed import posted_count

CHANGE = "change"  # The name of the buttons that add and remove rows.


class ObjectForm(Holder):
    """One JSON object: a page, a nested model, or a row of a list."""

    def __init__(
        self,
        properties: Sequence[Property],
        *,
        inputs: Mapping[str, Any],
        faults: Iterable[Fault],
        prefix: str,
        blind: bool = False,
    ) -> None:
        super().__init__(inputs=inputs, faults=faults, prefix=prefix, blind=blind)
        self.parts = [PARTS[prop.shape](self, prop) for prop in properties]

    def full_clean(self) -> None:
        """Attach the faults: pydantic has done the validating."""
        self._errors, self.cleaned_data = ErrorDict(renderer=self.renderer), {}
        known = {part.prop.name for part in self.parts if part.shows_faults}
        for fault in self.faults:
            name = str(fault.loc[0]) if fault.loc else ""
            if name in self.fields:
                self.add_error(name, Fault(fault.loc[1:], fault.message).sentence)
            elif name not in known:
                self.add_error(None, fault.sentence)

    @property
    def errors_id(self) -> str:
        return f"id_{self.prefix}_errors"

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong here and in the parts, in the order of the page."""
        for message in self.non_field_errors():
            yield Problem(self.errors_id, "", str(message))
        for part in self.parts:
            yield from part.problems()

    def focus(self) -> None:
        """Let the first of its inputs have the focus when the page is opened."""
        for field in list(self.fields.values())[:1]:
            field.widget.attrs["autofocus"] = True

    def rows_changed(self, change: str) -> None:
        """Give the focus to the row that a button has added or moved."""
        for part in self.parts:
            part.rows_changed(change)

    def picker(self, name: str) -> Picker | None:
        """Return the picker of that name, here or in the parts."""
        found = (part.picker(name) for part in self.parts if name.startswith(part.name))
        return next(filter(None, found), None)


class GroupPart(Part):
    template = "forms/group.html"

    def __init__(self, form: Holder, prop: Property) -> None:
        super().__init__(form, prop)
        inputs = self.value if isinstance(self.value, Mapping) else {}
        self.form = ObjectForm(
            prop.children,
            inputs=inputs,
            faults=self.faults,
            prefix=self.name,
            blind=form.blind,
        )

    @classmethod
    def read(cls, prop: Property, post: QueryDict, name: str) -> Any:
        return read_object(prop.children, post, name)

    def problems(self) -> Iterator[Problem]:
        return within(self.prop.label, self.form.problems())

    def picker(self, name: str) -> Picker | None:
        return self.form.picker(name)

    def rows_changed(self, change: str) -> None:
        self.form.rows_changed(change)


class RowsPart(Part):
    """A list of more than lines; a row is added or removed by posting the page as it is."""

    template = "forms/rows.html"

    def __init__(self, form: Holder, prop: Property) -> None:
        super().__init__(form, prop)
        self.item, (self.fewest, self.most) = prop.row, prop.bounds
        self.blind = form.blind
        values = self.values()
        values += [None] * (self.fewest - len(values))
        self.rows = [self.row(at, value) for at, value in enumerate(values)]

    def values(self) -> list[Any]:
        if self.prop.shape is Shape.OPTIONAL:
            return [] if self.value in (None, OMITTED) else [self.value]
        return list(self.value) if isinstance(self.value, list) else []

    def row(self, at: int, value: Any) -> ObjectForm:
        inputs = value if self.item.is_object else {"value": value}
        return ObjectForm(
            self.item.row_properties(f"{self.prop.label} {at + 1}"),
            inputs=inputs if isinstance(inputs, Mapping) else {},
            faults=self.row_faults(at),
            prefix=f"{self.name}-{at}",
            blind=self.blind,
        )

    def row_faults(self, at: int) -> list[Fault]:
        if self.prop.shape is Shape.OPTIONAL:
            return self.faults
        wrap = () if self.item.is_object else ("value",)
        own = [fault for fault in self.faults if fault.loc[:1] == (at,)]
        return [Fault((*wrap, *fault.loc[1:]), fault.message) for fault in own]

    @classmethod
    def read(cls, prop: Property, post: QueryDict, name: str) -> Any:
        change = post.get(CHANGE, "")
        places = list(range(posted_count(post, f"{name}-rows")))
        for at in places[1:]:
            if change == f"up {name}-{at}":
                places[at - 1], places[at] = at, at - 1
                break
        posted = (
            read_row(prop, post, f"{name}-{at}") for at in places if change != f"remove {name}-{at}"
        )
        rows = [row for row in posted if row is not OMITTED]
        if change == f"add {name}":
            rows.append({} if prop.row.is_object else None)
        if prop.shape is Shape.OPTIONAL:
            return rows[0] if rows else None
        return rows or (None if prop.nullable else [])

    @property
    def errors_id(self) -> str:
        return f"id_{self.name}_errors"

    @property
    def own_faults(self) -> list[Fault]:
        """The faults of the list as a whole."""
        if self.prop.shape is Shape.OPTIONAL:
            return [] if self.rows else self.faults
        rows = range(len(self.rows))
        return [fault for fault in self.faults if not fault.loc or fault.loc[0] not in rows]

    @property
    def amount(self) -> str:
        """How many rows there may be, as a sentence."""
        return "" if self.prop.shape is Shape.OPTIONAL else amount(self.prop)

    @property
    def optional(self) -> bool:  # type: ignore[override]
        return not self.fewest

    @property
    def can_move(self) -> bool:
        return len(self.rows) > 1 and self.fewest != self.most

    @property
    def can_add(self) -> bool:
        return self.most is None or len(self.rows) < self.most

    @property
    def can_remove(self) -> bool:
        return len(self.rows) > self.fewest

    def problems(self) -> Iterator[Problem]:
        for fault in self.own_faults:
            yield Problem(self.errors_id, self.prop.label, fault.sentence)
        for at, row in enumerate(self.rows, start=1):
            label = f"{self.prop.label} {at}" if self.item.is_object else ""
            yield from within(label, row.problems())

    def picker(self, name: str) -> Picker | None:
        return next(filter(None, (row.picker(name) for row in self.rows)), None)

    def rows_changed(self, change: str) -> None:
        moved = [f"up {self.name}-{at}" for at in range(1, len(self.rows))]
        if change == f"add {self.name}" and self.rows:
            self.rows[-1].focus()
        if change in moved:
            self.rows[moved.index(change)].focus()
        for row in self.rows:
            row.rows_changed(change)


PARTS: dict[Shape, type[Part]] = {
    Shape.DISPLAY: DisplayPart,
    Shape.FIELD: FieldPart,
    Shape.GROUP: GroupPart,
    Shape.OPTIONAL: RowsPart,
    Shape.ROWS: RowsPart,
}


def read_object(properties: Iterable[Property], post: QueryDict, name: str) -> dict[str, Any]:
    """Return the JSON object that was posted under the name."""
    values = {
        prop.name: PARTS[prop.shape].read(prop, post, f"{name}-{prop.name}") for prop in properties
    }
    return {key: value for key, value in values.items() if value is not OMITTED}


def read_row(prop: Property, post: QueryDict, name: str) -> Any:
    item = prop.row
    row = read_object(item.row_properties(prop.label), post, name)
    return row if item.is_object else row.get("value", OMITTED)
