"""A form in a browser, page after page, without anything kept on the server.

The inputs of the pages before this one, and of those after it when the operator has gone back,
travel in one hidden field, closed for this form. Every POST walks the form again from its first
page, so what is in the field is remembered, never trusted.

Note [Said before sent]
~~~~~~~~~~~~~~~~~~~~~~~
No button sends a form without having said so. The last page's button does, where the form tells
that it is the last; where only the form's code knows, its button says "Continue", and what follows
is a review of all pages, whose button says what happens. A form of several pages is always
reviewed, as its first page is out of sight by then. The author overrules this by ``review`` in the
``meta__`` of the last page.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from inspect import cleandoc
from typing import Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic import BaseModel

from workflows_app.forms import (
    Complete,
    Form,
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
from workflows_app.localized import localized
from workflows_app.wizard.answers import Answer, Finished, Page
from workflows_app.wizard.draft import Draft, Envelope, FormChanged
from workflows_app.wizard.page import (
    filled_in,
    page_form,
    page_inputs,
    title_of,
    unreadable,
)
from workflows_app.wizard.parts import CHANGE
from workflows_app.wizard.review import Review, reviewed

PAGES: Final = "pages"  # The name of the hidden field.
BACK: Final = "back"  # The names of the buttons.
SEND: Final = "send"
OPEN: Final = "open"
SEARCH: Final = "search"
DAY: Final = timedelta(days=1)


class Wizard:
    """One form for one user.

    Args:
        form: what ``walk`` takes.
        key: what the form is for, down to the attempt and the user: the answers to its pages are
            good for no other key.
        max_age: how long an opened form may be answered.
        reviews: whether forms of several pages are reviewed before they are sent; see
            Note [Said before sent].
        blind: whether the user may not see what is looked up, and types ids instead.
    """

    def __init__(
        self,
        form: Form,
        state: State,
        *,
        key: str,
        max_age: timedelta = DAY,
        reviews: bool = False,
        blind: bool = False,
    ) -> None:
        self.form = form
        self.state = state
        self.reviews, self.blind = reviews, blind
        self.envelope = Envelope(key, max_age)

    def open(self, given: State | None = None) -> Answer:
        """Return the first page; a form without pages is finished at once.

        Args:
            given: what is filled in where a page asks for it, to be judged when it is posted.
        """
        return self._show(Draft(given=given or {}))

    def post(self, post: QueryDict) -> Answer:
        """Return the page to show next, or the finished form.

        Raises:
            PagesRefused: the earlier answers were changed, belong elsewhere, or came too late.
        """
        draft = self.envelope.open(post.get(PAGES, ""))
        here = self._walk(draft.before)
        if isinstance(here, Complete):
            return self._leave_review(draft, here, post)
        if isinstance(here, Rejected):
            return self._show(draft)
        typed = page_inputs(here.model, post)
        if BACK in post and draft.before:
            return self._back(replace(draft, after=[typed, *draft.after]), len(draft.before) - 1)
        if CHANGE in post:
            page = self._page(here, draft, typed)
            page.form.rows_changed(post.get(CHANGE, ""))
            return page
        if SEARCH in post:
            return self._searched(self._page(here, draft, typed), post)
        return self._submit(here, draft, typed)

    def again(self, post: QueryDict) -> Answer:
        """Return what was posted as it was, for what has become of it to be said above it."""
        draft = self.envelope.open(post.get(PAGES, ""))
        here = self._walk(draft.before)
        if isinstance(here, Complete):
            return self._review(draft)
        return self._page(here, draft, page_inputs(here.model, post))

    def _searched(self, page: Page, post: QueryDict) -> Page:
        """Return the page with what one of its pickers found."""
        name = post.get(SEARCH, "")
        picker = page.form.picker(name)
        offers = picker.search(post.get(f"{name}-search", "")) if picker else None
        return replace(page, offers=offers)

    def _leave_review(self, draft: Draft, here: Complete, post: QueryDict) -> Answer:
        if not draft.reviewed:
            raise FormChanged(_("The form has fewer pages than when it was opened. Start again."))
        opened = post.get(OPEN, "")
        if opened.isdecimal() and int(opened) < len(draft.before):
            return self._back(draft, int(opened))
        if BACK in post:
            return self._back(draft, len(draft.before) - 1)
        return self._finished(draft, here) if SEND in post else self._review(draft)

    def _back(self, draft: Draft, index: int) -> Answer:
        """Return the page at the index, with what was typed on it and on those after it."""
        before = draft.before[:index]
        after = [*draft.before[index:], *draft.after]
        return self._show(replace(draft, before=before, after=after))

    def _submit(self, here: NextPage, draft: Draft, typed: State) -> Answer:
        answer = self._show(self._onward(draft, typed))
        refused = isinstance(answer, Page) and answer.rejected
        if any(unreadable(typed)) and not refused:
            return self._page(here, draft, typed, rejected=True)
        return answer

    def _onward(self, draft: Draft, typed: State) -> Draft:
        """Return the draft with the page answered; a reviewed one goes on as far as it fits."""
        before = [*draft.before, typed]
        if draft.reviewed:
            try:
                self._walk([*before, *draft.after])
            except FormChanged:
                return replace(draft, before=before)
            return replace(draft, before=[*before, *draft.after], after=[])
        return replace(draft, before=before)

    def _show(self, draft: Draft) -> Answer:
        """Return where the inputs lead; what was typed on a page before is there again."""
        before, after = draft.before, draft.after
        outcome = self._walk(before)
        if isinstance(outcome, Complete):
            reviews = bool(before) and self._reviews(before)
            return self._review(draft) if reviews else self._finished(draft, outcome)
        if isinstance(outcome, NextPage):
            typed = after[0] if after else filled_in(outcome.model, draft.given)
            return self._page(outcome, replace(draft, after=after[1:]), typed)
        at, errors = outcome.index, form_errors(outcome.error)
        rest = replace(draft, before=before[:at], after=[*before[at + 1 :], *after])
        return self._page(outcome, rest, before[at], errors=errors, rejected=True)

    def _reviews(self, inputs: list[State]) -> bool:
        """Return whether these inputs, which are complete, are shown before they are sent."""
        last = self._walk(inputs[:-1])
        return isinstance(last, NextPage) and not self._sends(last)

    def _sends(self, here: NextPage | Rejected) -> bool:
        """Return whether accepting the page, if it is the last, sends the form."""
        asked: object = page_meta(here.model).get("review")
        if isinstance(asked, bool):
            return not asked
        return not self.reviews or (here.index == 0 and here.has_next is False)

    def _finished(self, draft: Draft, outcome: Complete) -> Finished:
        return Finished(to_json(draft.before), outcome.state)

    def _review(self, draft: Draft) -> Review:
        inputs = draft.before
        models = [self._model(inputs[:at]) for at in range(len(inputs))]
        pages = [reviewed(at, model, inputs[at]) for at, model in enumerate(models)]
        closed = Draft(inputs, given=draft.given, reviewed=True)
        return Review(pages, self.envelope.close(closed))

    def _model(self, inputs: list[State]) -> type[BaseModel]:
        outcome = self._walk(inputs)
        if isinstance(outcome, Complete):
            raise FormChanged(_("The form has other pages than it had just now. Start again."))
        return outcome.model

    def _page(
        self,
        here: NextPage | Rejected,
        draft: Draft,
        inputs: State,
        *,
        errors: Iterable[FormFieldError] = (),
        rejected: bool = False,
    ) -> Page:
        return Page(
            form=page_form(here.model, inputs=inputs, errors=errors, blind=self.blind),
            title=title_of(here.model),
            description=localized(cleandoc(here.model.__doc__ or "")),
            index=here.index,
            has_next=here.has_next,
            sends=self._sends(here),
            at_least=here.index + 1 + _known_to_follow(here, draft),
            buttons={**page_meta(here.model).get("customButtons", {})},
            pages_token=self.envelope.close(draft),
            rejected=rejected,
        )

    def _walk(self, inputs: list[State]) -> Outcome:
        try:
            return walk(self.form, self.state, inputs)
        except TooManyPages as error:
            raise FormChanged(
                _("The form has fewer pages than were answered. Start again.")
            ) from error


def _known_to_follow(here: NextPage | Rejected, draft: Draft) -> int:
    """Return how many pages follow at least."""
    if here.has_next is False:
        return 0
    return max(len(draft.after), 1 if here.has_next else 0)
