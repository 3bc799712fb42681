"""Register the workflows that code defines."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows_app import registration
from workflows_app.errors import WorkflowError


class Command(BaseCommand):
    help = "Make the registered workflows say what the code says; with --check, only compare."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail if there is a difference."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            found = registration.difference() if options["check"] else registration.sync()
        except WorkflowError as error:
            raise CommandError(str(error)) from error
        for label, names in (
            ("new", found.missing),
            ("changed", found.changed),
            ("gone from the code", found.gone),
        ):
            for name in names:
                self.stdout.write(f"{label}: {name}")
        if options["check"] and found:
            raise CommandError("code and database differ; run manage.py sync_workflows")
