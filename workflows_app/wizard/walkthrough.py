"""A form in a browser, page after page, without anything kept on the server.

The inputs of the pages before this one, and of those after it when the operator has gone back,
travel in one hidden field, sealed and signed for this form. Every POST walks the form again from
its first page, so what is in the field is remembered, never trusted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from inspect import cleandoc
from typing import Final

from django.core import signing
from django.http import QueryDict

from workflows_app.errors import SealBroken
from workflows_app.forms import (
    Complete,
    Form,
    FormError,
    FormFieldError,
    NextPage,
    Outcome,
    Rejected,
    State,
    TooManyPages,
    form_errors,
    page_meta,
    walk,
)
from workflows_app.json_values import to_json
from workflows_app.sealing import seal, unseal
from workflows_app.wizard.page import PageForm, page_form, page_inputs, unreadable
from workflows_app.wizard.parts import CHANGE

PAGES: Final = "pages"  # The name of the hidden field.
BACK: Final = "back"  # The name of the button.
DAY: Final = timedelta(days=1)
UNTITLED: Final = "unknown"  # What pydantic-forms calls a page without a title.


class PagesRefused(FormError):
    """The answers to the earlier pages are not the ones that this form was given."""


class PagesExpired(PagesRefused):
    """The form was open for too long."""


class FormChanged(PagesRefused):
    """The form has other pages now than when it was opened."""


@dataclass(frozen=True)
class Draft:
    """The inputs of the pages before the one shown, and of those after it, nearest first."""

    before: list[State] = field(default_factory=list)
    after: list[State] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """A page to show.

    Args:
        title: empty if the author gave none.
        has_next: None when only the form's code knows.
        next_label, previous_label: the author's words for the buttons, or empty.
        rejected: whether this page was posted and refused.
    """

    form: PageForm
    title: str
    description: str
    index: int
    has_next: bool | None
    next_label: str
    previous_label: str
    pages_token: str
    rejected: bool = False


@dataclass(frozen=True)
class Finished:
    """Every page was accepted: the list of their inputs, and what the form made of them."""

    inputs: list[State]
    result: State


class Wizard:
    """One form for one user.

    Args:
        form: what ``walk`` takes.
        key: what the form is for, down to the attempt and the user: the answers to its pages are
            good for no other key.
        max_age: how long an opened form may be answered.
    """

    def __init__(self, form: Form, state: State, *, key: str, max_age: timedelta = DAY) -> None:
        self.form = form
        self.state = state
        self.max_age = max_age
        self.salt = f"{__name__}:{key}"

    def open(self, given: State | None = None) -> Page | Finished:
        """Return the first page; a form without pages is finished at once.

        Args:
            given: what is filled in on the first page, to be judged when it is posted.
        """
        return self._show(Draft(after=[given] if given else []))

    def post(self, post: QueryDict) -> Page | Finished:
        """Return the page to show next, or the finished form.

        Raises:
            PagesRefused: the earlier answers were changed, belong elsewhere, or came too late.
        """
        draft = self._draft(post.get(PAGES, ""))
        here = self._walk(draft.before)
        if isinstance(here, Complete):
            raise FormChanged("The form has fewer pages than when it was opened. Start again.")
        if isinstance(here, Rejected):
            return self._show(draft)
        typed = page_inputs(here.model, post)
        if BACK in post and draft.before:
            *before, previous = draft.before
            return self._show(Draft(before, [previous, typed, *draft.after]))
        if CHANGE in post:
            return self._page(here, draft, typed)
        return self._submit(here, draft, typed)

    def _submit(self, here: NextPage, draft: Draft, typed: State) -> Page | Finished:
        answer = self._show(Draft([*draft.before, typed], draft.after))
        refused = isinstance(answer, Page) and answer.rejected
        if any(unreadable(typed)) and not refused:
            return self._page(here, draft, typed, rejected=True)
        return answer

    def _show(self, draft: Draft) -> Page | Finished:
        """Return where the inputs lead; what was typed on a page before is there again."""
        before, after = draft.before, draft.after
        outcome = self._walk(before)
        if isinstance(outcome, Complete):
            return Finished(to_json(before), outcome.state)
        if isinstance(outcome, NextPage):
            return self._page(outcome, Draft(before, after[1:]), after[0] if after else {})
        at, errors = outcome.index, form_errors(outcome.error)
        rest = Draft(before[:at], [*before[at + 1 :], *after])
        return self._page(outcome, rest, before[at], errors=errors, rejected=True)

    def _page(
        self,
        here: NextPage | Rejected,
        draft: Draft,
        inputs: State,
        *,
        errors: Iterable[FormFieldError] = (),
        rejected: bool = False,
    ) -> Page:
        title = here.model.model_config.get("title")
        buttons = page_meta(here.model).get("customButtons", {})
        return Page(
            form=page_form(here.model, inputs=inputs, errors=errors),
            title="" if title in {None, UNTITLED} else str(title),
            description=cleandoc(here.model.__doc__ or ""),
            index=here.index,
            has_next=here.has_next,
            next_label=buttons.get("next", {}).get("text", ""),
            previous_label=buttons.get("previous", {}).get("text", ""),
            pages_token=self._token(draft),
            rejected=rejected,
        )

    def _walk(self, inputs: list[State]) -> Outcome:
        try:
            return walk(self.form, self.state, inputs)
        except TooManyPages as error:
            raise FormChanged(
                "The form has fewer pages than were answered. Start again."
            ) from error

    def _token(self, draft: Draft) -> str:
        # Sealed, because a page before may have asked for a password.
        return seal(signing.dumps([draft.before, draft.after], salt=self.salt, compress=True))

    def _draft(self, token: str) -> Draft:
        if not token:
            return Draft()
        try:
            return Draft(*signing.loads(unseal(token), salt=self.salt, max_age=self.max_age))
        except signing.SignatureExpired as error:
            raise PagesExpired("This form was open for too long. Start again.") from error
        except (SealBroken, signing.BadSignature) as error:
            raise PagesRefused("The earlier pages belong to another form. Start again.") from error
