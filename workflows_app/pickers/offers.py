"""What a picker offers for what was typed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from django.utils.translation import gettext as _, ngettext

MOST_OFFERS = 20


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to choose: its value, and how a person knows it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Offers:
    """The first of what fits, and whether there is more."""

    text: str
    found: Sequence[Offer]
    more: bool = False

    @property
    def said(self) -> str:
        """How much was found, in words."""
        count = len(self.found)
        if self.more:
            return _("The first %(count)d are shown. Type more to see others.") % {"count": count}
        if count:
            return ngettext("%(count)d fits.", "%(count)d fit.", count) % {"count": count}
        return _("Nothing fits “%(text)s”.") % {"text": self.text} if self.text else _("None yet.")


class Source(Protocol):
    """Where offers come from.

    Attributes:
        free: whether something else than what is offered may be typed.
    """

    free: bool

    def search(self, text: str) -> Offers:
        """Return what fits the text, the best or the first of it; of an empty one, anything."""

    def labels(self, values: Sequence[str]) -> Mapping[str, str]:
        """Return how the values are known; those that are nothing are left out."""


class Choices:
    """A source that is a list of values with their labels."""

    free = False

    def __init__(self, choices: Iterable[tuple[str, str]]) -> None:
        self.choices = dict(choices)

    def search(self, text: str) -> Offers:
        words = text.casefold().split()
        fitting = (
            Offer(value, label)
            for value, label in self.choices.items()
            if all(word in f"{label} {value}".casefold() for word in words)
        )
        return first(text, fitting)

    def labels(self, values: Sequence[str]) -> Mapping[str, str]:
        return {value: self.choices[value] for value in values if value in self.choices}


def first(text: str, fitting: Iterable[Offer]) -> Offers:
    """Return the first of what fits; looks at one more than it offers."""
    found = list(islice(fitting, MOST_OFFERS + 1))
    return Offers(text, found[:MOST_OFFERS], more=len(found) > MOST_OFFERS)
