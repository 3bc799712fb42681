"""A page of a form as a Django form, and what was posted from it as JSON for pydantic."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.http import QueryDict
from pydantic import BaseModel

from workflows_app.forms import FormFieldError
from workflows_app.localized import localized
from workflows_app.wizard import verdicts
from workflows_app.wizard.faults import Fault, Problem
from workflows_app.wizard.parts import ObjectForm, read_object
from workflows_app.wizard.schema import page_properties
from workflows_app.wizard.typed import NotJSONText

PREFIX = "page"
UNTITLED = "unknown"  # What pydantic-forms calls a page without a title.


class PageForm(ObjectForm):
    """A page: its inputs with their values and errors, and a summary of what is wrong."""

    @property
    def is_mixed(self) -> bool:
        """Whether some inputs are optional and some are not."""
        asked = [part.optional for part in self.parts if part.shows_faults]
        return any(asked) and not all(asked)

    def problem_list(self) -> list[Problem]:
        return list(self.problems())


def page_form(
    page: type[BaseModel],
    *,
    inputs: Mapping[str, Any] | None = None,
    errors: Iterable[FormFieldError] = (),
    prefix: str = PREFIX,
    blind: bool = False,
) -> PageForm:
    """Return the Django form of a page.

    Args:
        inputs: JSON to show, as ``page_inputs`` returns it; what it lacks shows its default.
        blind: whether it shows nothing of what is looked up, as its reader may not see that.
    """
    inputs = inputs or {}
    faults = _faults(inputs, errors)
    properties = page_properties(page)
    return PageForm(properties, inputs=inputs, faults=faults, prefix=prefix, blind=blind)


def page_inputs(page: type[BaseModel], post: QueryDict, prefix: str = PREFIX) -> dict[str, Any]:
    """Return the JSON object that was posted, for pydantic to validate.

    What may be None and was left empty is None. Anything else left empty is left out, so that a
    default holds, but for a text that has a default: there an empty one is meant.
    """
    return read_object(page_properties(page), post, prefix)


def title_of(page: type[BaseModel]) -> str:
    """Return the author's title of a page; empty if there is none."""
    title = page.model_config.get("title")
    return "" if title in {None, UNTITLED} else localized(str(title))


def filled_in(page: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of ``given`` the page asks for; nobody fills in a secret for somebody else."""
    asked = {prop.name for prop in page_properties(page) if prop.format != "password"}
    return {name: value for name, value in given.items() if name in asked}


def unreadable(value: Any, loc: tuple[int | str, ...] = ()) -> Iterator[Fault]:
    """Yield what in the inputs of a page should be JSON and is not."""
    if isinstance(value, NotJSONText):
        yield Fault(loc, value.reason)
    entries = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else entries:
        yield from unreadable(item, (*loc, key))


def _faults(inputs: Mapping[str, Any], errors: Iterable[FormFieldError]) -> list[Fault]:
    texts = list(unreadable(inputs))
    found = [Fault(tuple(error.loc), verdicts.in_words(error.msg)) for error in errors]
    return texts + [
        fault
        for fault in found
        if not any(fault.loc[: len(text.loc)] == text.loc for text in texts)
    ]
