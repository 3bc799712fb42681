"""Start a workflow from the shell."""

from typing import Any

from django.core.management.base import CommandParser

from workflows_app import engine
from workflows_app.management.process_commands import ProcessCommand, actor, json_input


class Command(ProcessCommand):
    help = "Start a workflow and print the process's id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workflow", help="The workflow's name.")
        parser.add_argument(
            "--input", default="[]", help="The form, as JSON: a list with one object for each page."
        )
        parser.add_argument("--key", help="An Idempotency-Key: the same key, the same process.")
        parser.add_argument("--wait", action="store_true", help="Wait until it parks or ends.")

    def act(self, **options: Any) -> None:
        process = engine.start(
            options["workflow"],
            inputs=json_input(options["input"]),
            by=actor(),
            key=options["key"],
        )
        self.stdout.write(str(process.pk))
        if options["wait"]:
            self.wait(process)
