"""All that a form was told, page by page, as its operator reads it before it is sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel

from workflows_app.forms import State
from workflows_app.wizard.kinds import field_for
from workflows_app.wizard.page import title_of
from workflows_app.wizard.schema import OMITTED, Property, Shape, page_properties


@dataclass(frozen=True)
class Entry:
    """One value: its lines, or the entries of what it is made of. Neither: it was left empty."""

    label: str
    lines: list[str] = field(default_factory=list)
    parts: list["Entry"] = field(default_factory=list)


@dataclass(frozen=True)
class ReviewedPage:
    title: str
    index: int
    entries: list[Entry]


@dataclass(frozen=True)
class Review:
    """Every page was accepted, and nothing has been sent yet."""

    pages: list[ReviewedPage]
    pages_token: str

    is_review = True


def reviewed(index: int, model: type[BaseModel], inputs: State) -> ReviewedPage:
    """Return a page as it was answered; what it only shows is not in it."""
    title = title_of(model) or _("Page %(number)d") % {"number": index + 1}
    return ReviewedPage(title, index, list(_entries(page_properties(model), inputs)))


def _entries(properties: Iterable[Property], inputs: Mapping[str, Any]) -> Iterator[Entry]:
    for prop in properties:
        if prop.shape is not Shape.DISPLAY and prop.format != "hidden":
            value = inputs.get(prop.name, prop.default)
            yield _entry(prop, None if value is OMITTED else value)


def _entry(prop: Property, value: Any) -> Entry:
    if prop.shape is Shape.FIELD:
        lines = field_for(prop).said(value)
        return Entry(prop.label, lines=[f"{line} {prop.unit}".rstrip() for line in lines])
    if prop.shape is Shape.GROUP:
        return Entry(prop.label, parts=list(_entries(prop.children, _object(value))))
    rows = value if isinstance(value, list) else [value] * (value is not None)
    return Entry(prop.label, parts=list(_rows(prop, rows)))


def _rows(prop: Property, rows: list[Any]) -> Iterator[Entry]:
    for at, row in enumerate(rows, start=1):
        label = prop.label if prop.shape is Shape.OPTIONAL else f"{prop.label} {at}"
        if prop.row.is_object:
            yield Entry(label, parts=list(_entries(prop.row.children, _object(row))))
        else:
            yield from _entries(prop.row.row_properties(label), {"value": row})


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
