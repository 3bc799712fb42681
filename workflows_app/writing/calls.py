"""What a migration will do, as calls of ``workflows_app.migration_helpers``, and as code."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pprint import pformat
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a helper; all arguments are plain values, after ``apps``."""

    function: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)

    def code(self) -> str:
        """Return the statement."""
        given = [_literal(value) for value in self.arguments]
        given += [f"{name}={_literal(value)}" for name, value in self.keywords.items()]
        return f"{self.function}({', '.join(['apps', *given])})"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference that a migration settles, and how it is undone.

    Attributes:
        app: the label of the app that the migration belongs to; "" if nobody knows.
        sentence: what it does, for people.
        names: of what it is about; used to find the app and what must be there before.
        needs: labels of apps whose migrations must have run before.
    """

    sentence: str
    forwards: tuple[Call, ...]
    backwards: tuple[Call, ...]
    app: str = ""
    names: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()


def call(function: str, *arguments: Any, **keywords: Any) -> Call:
    """Return the call of a helper."""
    return Call(function, arguments, keywords)


def body(calls: Iterable[Call]) -> str:
    """Return the statements of a function."""
    return "\n".join(f"    {call.code()}" for call in calls) or "    pass"


def forwards(changes: Sequence[Change]) -> list[Call]:
    """Return the calls that make the changes, in order."""
    return [call for change in changes for call in change.forwards]


def backwards(changes: Sequence[Change]) -> list[Call]:
    """Return the calls that undo the changes: the last one first."""
    return [call for change in reversed(changes) for call in change.backwards]


def _literal(value: Any) -> str:
    return pformat(value, width=88, sort_dicts=False)
