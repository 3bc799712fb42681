"""What is wrong with a page, and where."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.utils.translation import gettext as _


class Fault(NamedTuple):
    """One thing that is wrong, and where, seen from the part that shows it."""

    loc: tuple[int | str, ...]
    message: str

    @property
    def sentence(self) -> str:
        path = [_step(at) for at in self.loc if at != "__root__"]
        where = capitalised(" → ".join(path))
        message = capitalised(self.message)
        return f"{where}: {message}" if where else message


class Problem(NamedTuple):
    """A line of the summary above a page: what is wrong, and the id of where it is."""

    target: str
    label: str
    message: str


def within(label: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    for problem in problems:
        labels = " · ".join(filter(None, (label, problem.label)))
        yield Problem(problem.target, labels, problem.message)


def _step(at: int | str) -> str:
    return _("item %(number)d") % {"number": at + 1} if isinstance(at, int) else at


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
