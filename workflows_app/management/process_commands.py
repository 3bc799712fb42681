"""What the commands about one process share."""

import json
import os
import pwd
import time
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows_app.engine.loading import unlocked
from workflows_app.errors import FormNotComplete, FormRejected, WorkflowError
from workflows_app.forms import page_document
from workflows_app.models import Process
from workflows_app.statuses import FAILURES, FINAL, ProcessStatus

_SETTLED = {*FINAL, *FAILURES, ProcessStatus.SUSPENDED, ProcessStatus.AWAITING_CALLBACK}


class ProcessCommand(BaseCommand):
    """A command on the process that its argument names; refusals are its errors."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("process", type=UUID, help="The id of the process.")

    def handle(self, *_args: Any, **options: Any) -> str | None:
        """Run the command, and turn a refusal into the command's error."""
        try:
            self.act(**options)
        except (FormNotComplete, FormRejected) as error:
            raise CommandError(json.dumps(page_document(error.page), indent=2)) from error
        except WorkflowError as error:
            raise CommandError(str(error)) from error
        return None

    def act(self, **options: Any) -> None:
        """Do what the command is for."""
        raise NotImplementedError

    def wait(self, process: Process) -> None:
        """Wait until the process parks or ends; exit with 1 if it failed or was aborted."""
        while process.status not in _SETTLED:
            time.sleep(0.1)
            process = unlocked(process.pk)
        self.stdout.write(f"{process.status} {process.failed_reason}".strip())
        if process.status in FAILURES or process.status == ProcessStatus.ABORTED:
            raise CommandError(f"the process is {process.status}")


def actor() -> str:
    """Return the name of whoever sits at the terminal: what the action log will show."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # A container may run as a number that nobody gave a name.
        name = str(os.getuid())
    return f"{name} (shell)"


def json_input(text: str) -> list[Any]:
    """Return a command's ``--input``: one object for each page of the form.

    Raises:
        CommandError: it is something else.
    """
    try:
        pages = json.loads(text)
    except ValueError as error:
        raise CommandError(f"--input is not JSON: {error}") from error
    if not isinstance(pages, list):
        raise CommandError("--input is a JSON list with one object for each page of the form")
    return pages
