"""What keys do on every page of the console: shown under ``?``, and read from there by the page.

So what the help says and what a key does cannot differ. Keys are those of one hand of a person who
watches a list; none works with a modifier or in a field, and a user may switch all of them off.

Source: WCAG 2.1 §2.1.4 (Character Key Shortcuts).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from workflows_app.console import navigation


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Keys, one after the other, and what they do: go to a page, or something on this one.

    ``shown`` are keys that do the same without our doing.
    """

    keys: str
    says: str | Promise
    view: str = ""
    does: str = ""
    shown: str = ""

    @property
    def sequence(self) -> list[str]:
        """The keys one by one."""
        return self.keys.split()


@dataclass(frozen=True, slots=True)
class Bound:
    """A shortcut as the reader has it, with the address that it leads to."""

    shortcut: Shortcut
    url: str


GROUPS: Sequence[tuple[str | Promise, Sequence[Shortcut]]] = (
    (
        _("Go to"),
        (
            Shortcut("g h", _("Home"), view="workflows:home"),
            Shortcut("g p", _("Processes"), view="workflows:processes"),
            Shortcut("g s", _("Subscriptions"), view="workflows:subscriptions"),
            Shortcut("g n", _("Start a new process"), view="workflows:startable"),
        ),
    ),
    (
        _("In a list"),
        (
            Shortcut("j", _("Next row"), does="next"),
            Shortcut("k", _("Previous row"), does="previous"),
            Shortcut("o", _("Open the row"), does="open", shown="Enter"),
            Shortcut("x", _("Select the row, where rows can be selected"), does="select"),
        ),
    ),
    (
        _("On any page"),
        (
            Shortcut("/", _("Search on this page"), does="search"),
            Shortcut("r", _("Ask for the newest state"), does="refresh"),
            Shortcut("?", _("Show these keys"), does="help"),
            Shortcut("Escape", _("Close what is open"), does="close"),
        ),
    ),
)


def shortcuts(request: HttpRequest) -> Iterator[tuple[str | Promise, list[Bound]]]:
    """Return the shortcuts by group, without those to pages that the user may not see."""
    addresses = {link.view: link.url for link in navigation.links(request, navigation.MAIN)}
    for title, members in GROUPS:
        bound = [
            Bound(shortcut, addresses.get(shortcut.view, ""))
            for shortcut in members
            if not shortcut.view or shortcut.view in addresses
        ]
        yield title, bound
