"""Keep the translations of the console in step with its texts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orchestrator_project import translations


class Command(BaseCommand):
    help = "Compile the translations. With --update, gather the texts first; with --check, judge."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--update", action="store_true", help="Gather the texts of the code.")
        parser.add_argument("--check", action="store_true", help="Fail if one is not translated.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["update"]:
            for path in translations.catalogues():
                translations.update(path)
        refused = translations.compile_stale()
        if refused:
            raise CommandError("; ".join(f"{path}: {error}" for path, error in refused))
        if options["check"]:
            self._check()

    def _check(self) -> None:
        found = [
            f"{path.parent.parent.name}: {problem}"
            for path in translations.catalogues()
            for problem in translations.problems(path)
        ]
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError("run `manage.py translations --update`, and translate what is empty")
