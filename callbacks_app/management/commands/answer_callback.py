"""Answer a callback from the shell."""

import argparse
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from callbacks_app import by_hand, payloads, selection
from callbacks_app.by_hand import Person
from callbacks_app.errors import CallbackError, InvalidPayload, UnknownToken
from callbacks_app.models import CallbackToken
from callbacks_app.serializers import LONGEST_EXTENSION
from workflows_app.errors import WorkflowError
from workflows_app.json_values import JSON
from workflows_app.management.process_commands import actor

MOST_LISTED = 500


class Command(BaseCommand):
    help = (
        "Answer, cancel or extend a callback in the remote system's place; or list the open ones."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("callback", nargs="?", help="The id of the callback: cb_…")
        acts = parser.add_mutually_exclusive_group(required=True)
        acts.add_argument("--list", action="store_true", help="List the callbacks that are open.")
        acts.add_argument("--result", metavar="JSON", help="Complete it with this result.")
        acts.add_argument("--result-file", metavar="FILE", help="Complete it with what it holds.")
        acts.add_argument("--fail", metavar="MESSAGE", help="Fail it.")
        acts.add_argument("--cancel", action="store_true", help="Withdraw it.")
        acts.add_argument(
            "--extend", metavar="SECONDS", type=_seconds, help="Move its deadline so far from now."
        )
        acts.add_argument(
            "--adopt", metavar="REQUEST", type=int, help="Take a late result, by its number."
        )
        parser.add_argument("--error-type", default="Failure", help="With --fail: what kind.")
        parser.add_argument("--error-data", metavar="JSON", help="With --fail: more about it.")
        parser.add_argument(
            "--retryable", action="store_true", help="With --fail: the step may ask again."
        )
        parser.add_argument("--reason", default="", help="Why; kept in the action log.")
        parser.add_argument("--process", default="", help="With --list: those of this process.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the command, and turn a refusal into the command's error."""
        if options["list"]:
            self._list(options["process"])
            return
        if not options["callback"]:
            raise CommandError("name the callback; --list shows those that are open")
        try:
            callback = by_hand.find(options["callback"])
            person = Person(name=actor(), via="command", reason=options["reason"])
            self.stdout.write(_act(callback, person, options))
        except (CallbackError, WorkflowError) as error:
            raise CommandError("\n".join([str(error), *_places(error)])) from error

    def _list(self, process: str) -> None:
        rows = selection.callbacks(statuses=["started"], process=process).order_by("-pk")
        for row in rows[:MOST_LISTED]:
            item = f" item {row.item}" if row.item else ""
            until = f"until {row.expires_at:%Y-%m-%d %H:%M:%S}" if row.expires_at else "no deadline"
            self.stdout.write(
                f"{row.public_id}  {row.process_id}  {row.process.workflow.name}"
                f" · {row.path}{item} · {until}"
            )


def _act(callback: CallbackToken, person: Person, options: Mapping[str, Any]) -> str:
    """Do the one thing that the options ask for, and say what became of it."""
    name = next(name for name in _DEEDS if options[name] not in (None, False))
    return _DEEDS[name](callback, person, options)


def _complete(callback: CallbackToken, person: Person, options: Mapping[str, Any]) -> str:
    result = payloads.parse(options["result"].encode(errors="surrogateescape"))
    return by_hand.complete(callback, result=result, person=person)


def _complete_from_file(callback: CallbackToken, person: Person, options: Mapping[str, Any]) -> str:
    try:
        body = Path(options["result_file"]).read_bytes()
    except OSError as error:
        raise CommandError(f"the file cannot be read: {error}") from error
    return by_hand.complete(callback, result=payloads.parse(body), person=person)


def _fail(callback: CallbackToken, person: Person, options: Mapping[str, Any]) -> str:
    error: dict[str, JSON] = {
        "error_type": options["error_type"],
        "error_message": options["fail"],
        "retryable": options["retryable"],
    }
    if options["error_data"] is not None:
        error["error_data"] = payloads.parse(options["error_data"].encode())
    return by_hand.fail(callback, error=error, person=person)


def _cancel(callback: CallbackToken, person: Person, _options: Mapping[str, Any]) -> str:
    return by_hand.cancel(callback, person=person)


def _extend(callback: CallbackToken, person: Person, options: Mapping[str, Any]) -> str:
    by_hand.extend(callback, span=options["extend"], person=person)
    return f"expires at {callback.deadline_at:%Y-%m-%d %H:%M:%S %Z}"


def _adopt(callback: CallbackToken, person: Person, options: Mapping[str, Any]) -> str:
    attempt = callback.attempts.filter(pk=options["adopt"]).first()
    if attempt is None:
        raise UnknownToken("This callback has no such request.")
    return by_hand.adopt(attempt, person=person)


_DEEDS: Mapping[str, Callable[[CallbackToken, Person, Mapping[str, Any]], str]] = {
    "result": _complete,
    "result_file": _complete_from_file,
    "fail": _fail,
    "cancel": _cancel,
    "extend": _extend,
    "adopt": _adopt,
}


def _seconds(text: str) -> timedelta:
    """Return ``--extend`` as a span."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= LONGEST_EXTENSION:
        raise argparse.ArgumentTypeError(f"a number of seconds from 1 to {LONGEST_EXTENSION}")
    return timedelta(seconds=seconds)


def _places(error: Exception) -> list[str]:
    """Return where a result does not fit, a line each."""
    problems = error.facts.get("errors", []) if isinstance(error, InvalidPayload) else []
    return [f"  {'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems]
