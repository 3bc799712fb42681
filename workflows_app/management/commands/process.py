"""Show a process in the shell."""

import json
from typing import Any

from django.core.management.base import CommandParser

from workflows_app.engine.loading import load, unlocked
from workflows_app.management.process_commands import ProcessCommand
from workflows_app.masking import masked_object
from workflows_app.models import Process


class Command(ProcessCommand):
    help = "Show a process: its status, its steps, its state, and what was done to it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--json", action="store_true", help="Print the state as JSON only.")

    def act(self, **options: Any) -> None:
        process = unlocked(options["process"])
        state = masked_object(load(process).state)
        if options["json"]:
            self.stdout.write(json.dumps(state, indent=2))
            return
        self.stdout.write(f"{process.workflow} · {process.status} · by {process.created_by}")
        if process.failed_reason:
            self.stdout.write(f"  {process.failed_reason}")
        self._steps(process)
        for event in process.events.order_by("at", "pk"):
            note = f": {event.reason}" if event.reason else ""
            self.stdout.write(f"  {event.at:%Y-%m-%d %H:%M:%S} {event.actor} {event.action}{note}")
        self.stdout.write(json.dumps(state, indent=2))

    def _steps(self, process: Process) -> None:
        for step in process.steps.order_by("position"):
            undone = " (undone by a retry)" if step.superseded else ""
            why = f" · {step.error_class}: {step.reason}" if step.reason else ""
            self.stdout.write(
                f"  {step.position:>3} {step.started_at:%H:%M:%S} {step.status:<18}"
                f"{step.path}{undone}{why}"
            )
