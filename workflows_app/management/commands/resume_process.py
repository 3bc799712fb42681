"""Let a process go on from the shell."""

from typing import Any

from django.core.management.base import CommandParser

from workflows_app import engine
from workflows_app.engine.loading import unlocked
from workflows_app.management.process_commands import ProcessCommand, actor, json_input
from workflows_app.statuses import FAILURES, ProcessStatus


class Command(ProcessCommand):
    help = "Answer a suspended process's form, retry a failed one, or end a wait for a time."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--input", default="[]", help="The form, as JSON: a list with one object for each page."
        )
        parser.add_argument("--from-step", help="After a failure: the path of the step to go to.")
        parser.add_argument("--reason", default="", help="Why; kept in the action log.")
        parser.add_argument("--wait", action="store_true", help="Wait until it parks or ends.")

    def act(self, **options: Any) -> None:
        process = unlocked(options["process"])
        if process.status == ProcessStatus.WAITING:
            process = engine.resume(process.pk, by=actor(), reason=options["reason"])
        elif process.status in FAILURES or options["from_step"]:
            process = engine.retry(
                process.pk, by=actor(), from_step=options["from_step"], reason=options["reason"]
            )
        else:
            process = engine.submit(process.pk, inputs=json_input(options["input"]), by=actor())
        if options["wait"]:
            self.wait(process)
