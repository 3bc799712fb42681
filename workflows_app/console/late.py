"""A form that is no longer open: why not, and what was typed into it, so that nothing is lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from workflows_app.console.pages import sentence
from workflows_app.masking import is_masked

_PREFIX = "page-"  # Of the fields of a form's page.


@dataclass(frozen=True, slots=True)
class Late:
    """What came too late."""

    why: str
    typed: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, error: Exception, post: QueryDict) -> "Late":
        """Return why the form is refused, and what was typed; nothing that must not be shown."""
        fields = [name for name in post if name.startswith(_PREFIX)]
        typed = [
            (name.removeprefix(_PREFIX), ", ".join(map(str, post.getlist(name)))) for name in fields
        ]
        return cls(sentence(error), [(name, text) for name, text in typed if not is_masked(name)])
