"""Whether a process moved on between a confirmation and its answer, and what happened then.

What is confirmed is a consequence. If it is another one by now, nothing is done, and the operator
is told why. A process that only runs on does not make an abort stale: its consequence is the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from workflows_app.console.consequences import Consequence
from workflows_app.console.pages import tag_of
from workflows_app.console.sentences import LOOKS, Look
from workflows_app.models import Process, ProcessEvent, ProcessStep
from workflows_app.policy import Action

_MOST = 20  # Events, and steps, that are told.
_NUMBER = re.compile("[0-9]{1,9}|1[0-9]{9}")  # What integers and clocks have room for.


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened since a confirmation was shown."""

    events: Sequence[ProcessEvent]
    steps: Sequence[tuple[ProcessStep, Look]]


def seen(action: Action, process: Process, consequence: Consequence) -> str:
    """Return a mark of what the operator confirms, to be sent back with the confirmation."""
    if action == "note":
        return tag_of(action, process.note)
    if action == "abort":
        return tag_of(action, consequence.sentences)
    place = (process.status, process.next_step, process.modified_at)
    return tag_of(action, place, consequence.sentences, _last_step(process))


def since(process: Process) -> str:
    """Return up to where the process's history was known when the confirmation was shown."""
    event = process.events.order_by("-pk").values_list("pk", flat=True).first()
    return f"{_last_step(process)}.{event or 0}.{int(timezone.now().timestamp())}"


def moved(request: HttpRequest, process: Process) -> Moved:
    """Return what happened since the confirmation that the request answers."""
    position, event, second = _read(request.POST.get("since", ""))
    shown_at = datetime.fromtimestamp(second, tz=UTC)
    new = Q(position__gt=position) | Q(position=position, completed_at__gte=shown_at)
    steps = process.steps.filter(new).order_by("position").defer("patch", "traceback")
    return Moved(
        events=list(process.events.filter(pk__gt=event).order_by("pk")[:_MOST]),
        steps=[(step, LOOKS[step.status]) for step in steps[:_MOST]],
    )


def _last_step(process: Process) -> int:
    last = process.steps.order_by("-position").values_list("position", flat=True).first()
    return -1 if last is None else last


def _read(text: str) -> list[int]:
    """Return the position, the event and the second that the page knew; 0 for what it did not."""
    parts = [part if _NUMBER.fullmatch(part) else "0" for part in text.split(".")[:3]]
    return [int(part) for part in parts] + [0] * (3 - len(parts))
