"""Write a migration from the difference between the workflows in code and in the database."""

from collections.abc import Sequence
from typing import Any

from workflows_app.management.dialogue import ask, choose
from workflows_app.management.migration_commands import MigrationCommand
from workflows_app.writing.calls import Change
from workflows_app.writing.workflows import Catalog, Entry, compare

_PROMPT = "A number to change what is done, a for all workflows, w to write, q to quit:"


class Command(MigrationCommand):
    help = "Register workflows: write a data migration from what code and database differ in."

    def differences(self) -> Sequence[str]:
        """Return a line for each workflow that code and database do not agree on."""
        return [str(entry) for entry in compare().differing()]

    def changes(self, options: dict[str, Any]) -> Sequence[Change]:
        """Return what is chosen in the menu; without one, every difference."""
        catalog = compare()
        if options["interactive"] and not self._menu(catalog):
            return []
        for entry in catalog.entries:
            if entry.lacks_product:
                self.stdout.write(f"{entry.name} is attached to no product: nobody can start it.")
        return catalog.changes()

    def _menu(self, catalog: Catalog) -> bool:
        """Let the choices be changed, and return whether they shall be written."""
        shown = catalog.differing()
        while True:
            self._show(shown)
            answer = ask(_PROMPT).lower()
            if answer in ("w", "q"):
                return answer == "w"
            if answer == "a":
                shown = catalog.entries
            elif answer.isdecimal() and 0 < int(answer) <= len(shown):
                _edit(shown[int(answer) - 1], catalog)
            else:
                self.stdout.write(f"There is no {answer!r}.")

    def _show(self, entries: Sequence[Entry]) -> None:
        for number, entry in enumerate(entries, start=1):
            mark = "x" if entry.chosen and entry.action else " "
            self.stdout.write(f"{number:>3} [{mark}] {entry}")
        if not entries:
            self.stdout.write("Code and database agree.")


def _edit(entry: Entry, catalog: Catalog) -> None:
    """Ask what to do with a workflow: nothing, or what, and for which product types."""
    if entry.code is not None and catalog.types:
        types = sorted(catalog.types)
        entry.wanted = frozenset(choose("Product types", types, sorted(entry.wanted)))
    if entry.action:
        entry.chosen = ask(f"{entry.action} {entry.name}?", "y").lower() in ("y", "yes")
