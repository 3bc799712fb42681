"""Write a migration from the difference between the domain models and the database."""

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from django.core.management.base import CommandParser

from workflows_app.errors import CatalogError
from workflows_app.management.dialogue import ask, confirm
from workflows_app.management.migration_commands import MigrationCommand
from workflows_app.writing import answers
from workflows_app.writing.answers import NO_DEFAULT, Answers
from workflows_app.writing.calls import Change
from workflows_app.writing.domain import Comparison
from workflows_app.writing.models import Modelled


class Command(MigrationCommand):
    help = "Write a data migration from what the domain models and the database differ in."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--updates",
            default="{}",
            help="Renames, defaults and values of products, as JSON or the path of a file with it.",
        )

    def differences(self) -> Sequence[str]:
        """Return a line for each difference."""
        return [change.sentence for change in Comparison(_NoAnswers({})).changes()]

    def changes(self, options: dict[str, Any]) -> Sequence[Change]:
        """Return what settles every difference, asking what neither code nor JSON says."""
        given = answers.read(options["updates"])
        comparison = Comparison(_Asked(given) if options["interactive"] else Answers(given))
        changes = comparison.changes()
        for change in changes:
            self.stdout.write(change.sentence)
        for name in comparison.kept():
            self.stdout.write(f"{name} has left the code, but subscriptions have it: it is kept.")
        return changes


class _NoAnswers(Answers):
    """For a look at the difference: whatever the answers are, there is one."""

    def missing_default(self, block: Modelled, field: str) -> Any:
        return NO_DEFAULT

    def missing_fixed_input(self, product: Modelled, name: str) -> str:
        return ""


class _Asked(Answers):
    """Answers from JSON, and for the rest from whoever sits at the terminal."""

    def guess(self, new: str, gone: Collection[str], *path: str) -> str:
        what = " of ".join((path[0].replace("_", " ").removesuffix("s"), *path[1:]))
        for old in gone:
            if confirm(f"Was the {what} '{old}' renamed to '{new}'?"):
                return old
        return ""

    def missing_default(self, block: Modelled, field: str) -> Any:
        question = f"{block.name}: the value of '{field}' in existing subscriptions, - for none"

        def value(text: str) -> Any:
            return NO_DEFAULT if text == "-" else block.fit(field, _json_or_text(text))

        return _ask_until_it_fits(question, value)

    def missing_fixed_input(self, product: Modelled, name: str) -> str:
        question = f"{product.name}: the value of the fixed input '{name}'"
        return str(_ask_until_it_fits(question, lambda text: product.fit(name, text)))

    def missing_column(self, product: Modelled, name: str, suggestion: str) -> str:
        return ask(f"{product.name}: its {name.replace('_', ' ')}", suggestion)


def _ask_until_it_fits(question: str, value: Callable[[str], Any]) -> Any:
    while True:
        try:
            return value(ask(f"{question}:"))
        except CatalogError as error:
            question = f"{error}\n{question.rpartition(chr(10))[2]}"


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
