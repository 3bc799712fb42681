"""Abort a process from the shell."""

from typing import Any

from django.core.management.base import CommandParser

from workflows_app import engine
from workflows_app.management.process_commands import ProcessCommand, actor


class Command(ProcessCommand):
    help = "Abort a process. A step that is running now is recorded; nothing follows it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", default="", help="Why; kept in the action log.")

    def act(self, **options: Any) -> None:
        engine.abort(options["process"], by=actor(), reason=options["reason"])
