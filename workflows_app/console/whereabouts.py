"""Where a process is in its workflow: in the graph, and in words."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from workflows_app.console.graph import Spot
from workflows_app.console.graph.spots import in_words as step_in_words
from workflows_app.console.sentences import LOOKS
from workflows_app.console.step_names import groups_of
from workflows_app.console.timeline import Entry
from workflows_app.definition import CLEANUP
from workflows_app.localized import localized
from workflows_app.models import Process
from workflows_app.statuses import FAILURES


def spots(process: Process, entries: Sequence[Entry]) -> tuple[list[Spot], list[Spot]]:
    """Return the steps as the graph shows them, and apart from them those of the clean-up."""
    placed = [(entry, _spot(process, entry)) for entry in entries if entry.path]
    chain = [spot for entry, spot in placed if not is_cleanup(entry)]
    return chain, [spot for entry, spot in placed if is_cleanup(entry)]


def is_cleanup(entry: Entry) -> bool:
    """Whether the step belongs to the clean-up after an abort."""
    return entry.path.startswith(f"{CLEANUP}/")


def in_words(process: Process, entries: Sequence[Entry]) -> str:
    """Say where the process is: what the graph shows, for those who do not see it."""
    steps = [entry for entry in entries if entry.path and not is_cleanup(entry)]
    here = next((at for at, entry in enumerate(steps, start=1) if entry.current), None)
    if here is None:
        done = sum(entry.latest is not None for entry in steps)
        return _("%(done)s of %(all)s steps have run; the process is %(status)s.") % {
            "done": done,
            "all": len(steps),
            "status": LOOKS[process.status].word,
        }
    entry = steps[here - 1]
    return _("Step %(number)s of %(all)s: %(name)s, %(status)s.") % {
        "number": here,
        "all": len(steps),
        "name": localized(entry.name),
        "status": entry.look.word,
    }


def _spot(process: Process, entry: Entry) -> Spot:
    return Spot(
        path=entry.path,
        name=localized(entry.name),
        kind=entry.kind,
        groups=groups_of(entry.path, entry.name),
        until=entry.until,
        look=entry.look,
        state=_state(process, entry),
        href=f"#{entry.anchor}",
        says=step_in_words(localized(entry.name), entry.kind, str(entry.look.word)),
    )


def _state(process: Process, entry: Entry) -> str:
    if entry.look.shape in ("cross", "stop"):
        return "failed"
    if entry.current:
        return "failed" if process.status in FAILURES else "here"
    shapes = {"tick": "done", "dash": "skipped"}
    return shapes.get(entry.look.shape, "rest" if entry.latest is None else "here")
