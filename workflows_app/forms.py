"""Forms for operators: what an author writes them with, and how a form is walked page by page.

A form is a generator function of the state that yields page models, a function that returns one
page model, or a page model itself. It is free of side effects: the same inputs lead to the same
page, so nothing is kept between two requests and every answer walks the form again from its start.
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import structlog
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python
from pydantic_forms.core import (
    Complete,
    FormFieldError,
    FormPage as _FormPage,
    NextPage as _NextPage,
    Rejected as _Rejected,
    form_errors,
    page_schema,
    walk_form,
)
from pydantic_forms.core.shared import get_form_meta
from pydantic_forms.exceptions import FormOverflowError
from pydantic_forms.types import (
    AcceptData,
    AcceptItemType,
    FormMeta,
    State,
    SummaryData,
    UUIDstr,
)
from pydantic_forms.validators import (
    Accept,
    AcceptValues,
    Button,
    ButtonsConfig,
    Callout,
    Choice,
    ContactPerson,
    ContactPersonName,
    DisplaySubscription,
    Divider,
    Hidden,
    Label,
    Layout,
    ListOfOne,
    ListOfTwo,
    LongText,
    Markdown,
    MigrationSummary,
    OrganisationId,
    Timestamp,
    callout,
    choice_list,
    contact_person_list,
    markdown,
    migration_summary,
    read_only_field,
    read_only_list,
    timestamp,
    unique_conlist,
    validate_unique_list,
)

from workflows_app.errors import FormError, MalformedInputs, TooManyPages
from workflows_app.json_values import to_json

# fmt: off
__all__ = [
    "Accept",
    "AcceptData",
    "AcceptItemType",
    "AcceptValues",
    "Button",
    "ButtonsConfig",
    "Callout",
    "Choice",
    "Complete",
    "ContactPerson",
    "ContactPersonName",
    "DisplaySubscription",
    "Divider",
    "FormError",
    "FormFieldError",
    "FormGenerator",
    "FormMeta",
    "FormPage",
    "Hidden",
    "Label",
    "Layout",
    "ListOfOne",
    "ListOfTwo",
    "LongText",
    "MalformedInputs",
    "Markdown",
    "MigrationSummary",
    "NextPage",
    "OrganisationId",
    "Rejected",
    "State",
    "SubmitFormPage",
    "SummaryData",
    "Timestamp",
    "TooManyPages",
    "UUIDstr",
    "callout",
    "choice_list",
    "contact_person_list",
    "form_errors",
    "markdown",
    "migration_summary",
    "opened",
    "page_document",
    "page_meta",
    "page_schema",
    "plain",
    "read_only_field",
    "read_only_list",
    "timestamp",
    "unique_conlist",
    "validate_unique_list",
    "walk",
    "watched",
]
# fmt: on

if not structlog.is_configured():
    # pydantic-forms logs states and inputs at DEBUG, which an unconfigured structlog prints.
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )

# PostgreSQL takes no NUL, UTF-8 no half of a surrogate pair, and Python no keyword named "self".
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class FormPage(_FormPage):
    model_config = ConfigDict(allow_inf_nan=False)  # JSON has neither, and PostgreSQL refuses both.


class SubmitFormPage(FormPage):
    meta__: ClassVar[FormMeta | None] = {"hasNext": False}


FormGenerator: TypeAlias = Generator[Any, Any, State]
Form: TypeAlias = Any  # A page model, or what returns or yields them: see the module's docstring.


@dataclass(frozen=True)
class NextPage(_NextPage):
    """The form asks for the page ``model``; ``has_next`` is None when only the form knows."""

    has_next: bool | None = None


@dataclass(frozen=True)
class Rejected(_Rejected):
    """The page ``model``, the one at ``index``, was refused; ``error`` says why."""

    has_next: bool | None = None

    @property
    def said(self) -> str:
        """What is wrong, each with the name of its input."""
        faults = [(".".join(map(str, fault.loc)), fault.msg) for fault in form_errors(self.error)]
        return "; ".join(f"{name}: {why}" for name, why in faults)


Outcome: TypeAlias = Complete | NextPage | Rejected


def walk(form: Form, state: State, inputs: object) -> Outcome:
    """Feed the pages' inputs to a form and say where that ends.

    Args:
        inputs: a list of JSON objects, one per page.
    Raises:
        MalformedInputs: the inputs are something else, or hold text that cannot be stored.
        TooManyPages: there are more inputs than pages.
        NotJSON: the form ends with something that JSON cannot hold.
    """
    pages = _Pages(form)
    try:
        outcome = walk_form(pages, state, _checked(inputs))
    except FormOverflowError as error:
        raise TooManyPages("The form has fewer pages than were sent.") from error
    match outcome:
        case _NextPage(model, index):
            return NextPage(model, index, pages.has_next(model))
        case _Rejected(model, index, verdict):
            return Rejected(model, index, verdict, pages.has_next(model))
    return Complete(plain(outcome.state))


def page_document(outcome: NextPage | Rejected) -> dict[str, Any]:
    """Return the body that says over REST which page is needed, or why one was refused.

    ``meta.hasNext`` is true where the form cannot tell beforehand: another page may follow.
    """
    if isinstance(outcome, Rejected):
        return _rejection(outcome)
    meta = {"hasNext": outcome.has_next is not False, **page_meta(outcome.model)}
    document: dict[str, Any] = to_jsonable_python(
        {
            "type": "FormNotCompleteError",
            "title": "Form not complete",
            "detail": f"Page {outcome.index + 1} of the form is needed.",
            "status": 510,
            "form": page_schema(outcome.model),
            "meta": meta,
        }
    )
    return document


def _rejection(outcome: Rejected) -> dict[str, Any]:
    errors = form_errors(outcome.error)
    count = "1 value was" if len(errors) == 1 else f"{len(errors)} values were"
    return {
        "type": "FormValidationError",
        "title": "Form not valid",
        "detail": f"{count} refused on page {outcome.index + 1} of the form.",
        "status": 400,
        "validation_errors": [error.model_dump(mode="json") for error in errors],
    }


def page_meta(page: type[BaseModel]) -> FormMeta:
    """Return what the author says of a page beyond its schema, its buttons included."""
    meta: FormMeta | None = get_form_meta(page)
    return meta or {}


class _Pages:
    """The generator function that a form of any of the three kinds stands for."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.single = False

    def __call__(self, state: State) -> Generator[Any, Any, Any]:
        started = self.form if isinstance(self.form, type) else self.form(state)
        self.single = not isinstance(started, Generator)
        return _pages_of(started)

    def has_next(self, page: type[BaseModel]) -> bool | None:
        return page_meta(page).get("hasNext", False if self.single else None)


def opened(form: Form, state: State) -> Generator[Any, Any, Any]:
    """Return the generator of a form of any of the three kinds; for a form within another."""
    return _pages_of(form if isinstance(form, type) else form(state))


def watched(form: Form, see: Callable[[Any], None]) -> Form:
    """Return a form that asks for the same, and hands every filled page to ``see``."""

    def pages(state: State) -> Generator[Any, Any, Any]:
        inner = opened(form, state)
        try:
            page = next(inner)
            while True:
                filled = yield page
                see(filled)
                page = inner.send(filled)
        except StopIteration as end:
            return end.value

    return pages


def plain(result: object) -> State:
    """Return what a form ended with as plain JSON.

    Raises:
        NotJSON: it holds something that JSON cannot.
    """
    if isinstance(result, BaseModel):
        result = result.model_dump()
    if not isinstance(result, Mapping | None):
        raise TypeError(f"A form ends with a mapping or a filled page, not with {result!r}.")
    found: State = to_json(dict(result or {}), what="the result of the form")
    return found


def _pages_of(started: Any) -> Generator[Any, Any, Any]:
    return started if isinstance(started, Generator) else _single(started)


def _single(page: Any) -> Generator[Any, Any, Any]:
    if isinstance(page, type):
        page = yield page
    return page


def _checked(inputs: object) -> list[State]:
    if not isinstance(inputs, list):
        raise MalformedInputs("The inputs are a list with one object per page.")
    for number, page in enumerate(inputs, start=1):
        if not isinstance(page, dict):
            raise MalformedInputs(f"The input of page {number} is not an object.")
        if "self" in page or any(map(UNSTORABLE.search, _texts(page))):
            raise MalformedInputs(f"The input of page {number} has text that cannot be stored.")
    return inputs


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, item in value.items():
                yield from (*_texts(key), *_texts(item))
        case list():
            for item in value:
                yield from _texts(item)
