"""What a wizard answers with: a page to fill in, all pages to review, or the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.utils.translation import gettext as _

from workflows_app.forms import State
from workflows_app.pickers.offers import Offers
from workflows_app.wizard.page import PageForm
from workflows_app.wizard.review import Review


@dataclass(frozen=True)
class Page:
    """A page to show.

    Args:
        title: empty if the author gave none.
        has_next: None when only the form's code knows.
        sends: whether the form is sent, and not reviewed, when this page is accepted.
        at_least: how many pages the form is known to have.
        buttons: the author's words and colours, by button.
        rejected: whether this page was posted and refused.
        offers: what a picker found, if the page was posted to search.
    """

    form: PageForm
    title: str
    description: str
    index: int
    has_next: bool | None
    sends: bool
    at_least: int
    buttons: Mapping[str, Any]
    pages_token: str
    rejected: bool = False
    offers: Offers | None = None

    is_review = False

    @property
    def progress(self) -> str:
        """Where the page stands; "" for a form that has no other, or may have none."""
        facts = {"number": self.index + 1, "pages": self.at_least}
        if self.at_least == 1:
            return ""
        if self.has_next is False:
            return _("Page %(number)d of %(pages)d") % facts
        if self.at_least > self.index + 1:
            return _("Page %(number)d of at least %(pages)d") % facts
        return _("Page %(number)d") % facts


@dataclass(frozen=True)
class Finished:
    """Every page was accepted: the list of their inputs, and what the form made of them."""

    inputs: list[State]
    result: State


Answer: TypeAlias = Page | Review | Finished
