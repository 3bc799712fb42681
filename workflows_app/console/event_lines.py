"""The lines of the action log: what an entry says beyond its columns, with secrets hidden."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from workflows_app.console.values import Change, changed, shown
from workflows_app.json_values import JSON, JSONObject
from workflows_app.masking import masked_at
from workflows_app.models import Process, ProcessEvent

_WITHOUT_PROCESS = ("engine ", "schedule", "set in sync")  # How such actions begin.
_STEPS = "definition changed"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the log."""

    event: ProcessEvent
    process: Process | None
    concerns: str  # What stands in the place of a process that is not there.
    changes: list[Change]


def lines(events: Iterable[ProcessEvent]) -> Iterator[Line]:
    """Return the events as the log shows them. No query if their processes were selected too."""
    for event in events:
        yield Line(event, event.process, _concerns(event), _changes(event))


def masked_details(event: ProcessEvent) -> JSONObject:
    """Return the details as they may be read."""
    before_and_after = {"before", "after"}
    return {
        key: _by_key(value) if key in before_and_after else masked_at(key, value)
        for key, value in event.details.items()
    }


def _by_key(value: JSON) -> JSON:
    if not isinstance(value, dict):
        return value
    return {key: masked_at(key, item) for key, item in value.items()}


def _concerns(event: ProcessEvent) -> str:
    if event.process_id:
        return ""
    if event.action == "deleted":
        return _("%(workflow)s %(process)s, deleted") % {
            "workflow": event.details.get("workflow", ""),
            "process": str(event.details.get("process", ""))[:8],
        }
    if event.schedule:
        return _("schedule %(name)s") % {"name": event.schedule.name}
    if event.action.startswith(_WITHOUT_PROCESS):
        return ""
    return _("a process that has been deleted")


def _changes(event: ProcessEvent) -> list[Change]:
    """Return the details as keys with what they became; of a state edit, key by key."""
    details = dict(event.details)
    before, after = details.pop("before", None), details.pop("after", None)
    found = changed({}, details)
    if isinstance(before, dict) and isinstance(after, dict):
        return changed(before, after) + found
    if event.action == _STEPS:
        before, after = _names(before), _names(after)
    if (before, after) != (None, None):
        found.append(Change("", shown(after), shown(before)))
    return found


def _names(definition: JSON) -> JSON:
    """Return what somebody wants to know of a definition: its steps, in order."""
    if not isinstance(definition, list):
        return definition
    return [str(entry["path"]) for entry in definition if isinstance(entry, dict)]
