"""What the commands that write migrations share."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows_app.errors import WorkflowError
from workflows_app.management.dialogue import confirm
from workflows_app.writing import migrations
from workflows_app.writing.calls import Change
from workflows_app.writing.migrations import MigrationFile


class MigrationCommand(BaseCommand):
    """Writes a migration from the difference between code and database."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("message", nargs="?", default="", help="What the migration is for.")
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="Ask nothing: settle every difference that needs no answer.",
        )
        parser.add_argument(
            "--check", action="store_true", help="Write nothing; fail if there is a difference."
        )
        parser.add_argument("--dry-run", action="store_true", help="Print, and write nothing.")
        parser.add_argument(
            "--app", default="", help="The app to write into, if not the one that owns the code."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare, ask, and write; refusals are the command's errors."""
        try:
            self._handle(options)
        except WorkflowError as error:
            raise CommandError(str(error)) from error

    def differences(self) -> Sequence[str]:
        """Return the differences between code and database, for people."""
        raise NotImplementedError

    def changes(self, options: dict[str, Any]) -> Sequence[Change]:
        """Return what the migration shall do, after asking what has to be asked."""
        raise NotImplementedError

    def _handle(self, options: dict[str, Any]) -> None:
        if behind := migrations.unapplied():
            raise CommandError(
                f"the database lacks the migration {behind[0]}; run manage.py migrate first"
            )
        found = self.differences()
        if options["check"]:
            self._check(found)
        elif not options["message"]:
            raise CommandError("say in a few words what the migration is for")
        else:
            self._write(options)

    def _check(self, found: Sequence[str]) -> None:
        for sentence in found:
            self.stdout.write(sentence)
        if found:
            name = self.__module__.rpartition(".")[2]
            raise CommandError(f'code and database differ; run manage.py {name} "message"')

    def _write(self, options: dict[str, Any]) -> None:
        changes = self.changes(options)
        if not changes:
            self.stdout.write("There is nothing to write.")
            return
        files = _files(options["message"], changes, options["app"])
        for file in files:
            self.stdout.write(f"{file.label}: migrations/{file.name}.py")
            if options["dry_run"]:
                self.stdout.write(file.text)
        if options["dry_run"] or (options["interactive"] and not confirm("Write it?")):
            self.stdout.write("Nothing is written.")
            return
        for file in files:
            self.stdout.write(f"Wrote {file.write()}; run manage.py migrate.")


def _files(message: str, changes: Sequence[Change], label: str) -> list[MigrationFile]:
    """Return one migration for each app, each after those whose work it needs."""
    by_app: dict[str, list[Change]] = {}
    known = {change.app for change in changes} - {""}
    for change in changes:
        app = label or change.app or (next(iter(known)) if len(known) == 1 else "")
        if not app:
            raise CommandError(f"no installed app owns '{change.sentence}': name one with --app")
        by_app.setdefault(app, []).append(change)
    files: list[MigrationFile] = []
    for app in _in_order(by_app):
        files.append(migrations.compose(message, app, by_app[app], after=files))
    return files


def _in_order(by_app: dict[str, list[Change]]) -> list[str]:
    needs = {
        app: {need for change in changes for need in change.needs & by_app.keys()} - {app}
        for app, changes in by_app.items()
    }
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise CommandError(
            "the changes of several apps wait for each other: write them into one with --app"
        ) from error
