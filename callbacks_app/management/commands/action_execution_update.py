"""Set the state of an action execution, as OpenStack Mistral's command of that name does."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from callbacks_app import by_hand, mistral, payloads
from callbacks_app.action_executions import STATES, resource
from callbacks_app.by_hand import Person
from callbacks_app.errors import CallbackError, MalformedPayload
from callbacks_app.mistral import Update
from workflows_app.json_values import JSON, JSONObject
from workflows_app.management.process_commands import actor

REASON = "action_execution_update"
_SHOWN = ("id", "task_name", "workflow_name", "state", "state_info", "accepted", "output")


class Command(BaseCommand):
    help = "Answer a callback by hand, by its id in OpenStack Mistral's API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="The id of the action execution, or of the callback.")
        parser.add_argument("--state", required=True, choices=STATES)
        parser.add_argument("--output", help="JSON, or the name of a file with JSON.")
        parser.add_argument("--reason", default=REASON, help="Why; kept in the action log.")
        parser.add_argument("-j", "--json", action="store_true", help="Print JSON, not a table.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Answer, and turn a refusal into the command's error."""
        given = options["output"]
        update = Update(options["state"], None if given is None else _output(given))
        person = Person(name=actor(), via="command", reason=options["reason"])
        try:
            callback = by_hand.find(options["id"])
            mistral.hand_in_by_hand(callback, update, person)
        except CallbackError as error:
            facts = f" {json.dumps(error.facts)}" if error.facts else ""
            raise CommandError(f"{error}{facts}") from error
        found = resource(callback)
        self.stdout.write(json.dumps(found, indent=2) if options["json"] else _table(found))


def _output(given: str) -> JSON:
    """Return the JSON that the option gives or names."""
    try:
        return payloads.parse(given.encode())
    except MalformedPayload as error:
        malformed = error
    try:
        return payloads.parse(Path(given).read_bytes())
    except (OSError, ValueError, MalformedPayload) as error:
        problem = f"--output is neither JSON nor the name of a file with JSON: {malformed}"
        raise CommandError(problem) from error


def _table(found: JSONObject) -> str:
    return "\n".join(f"{name:<14} {found[name]}" for name in _SHOWN)
