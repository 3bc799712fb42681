"""From where a process can be retried."""

from collections.abc import Sequence

from workflows_app.console.consequences import definition_of, is_stranded
from workflows_app.models import Process, ProcessStep
from workflows_app.statuses import FAILURES


def retry_points(process: Process, rows: Sequence[ProcessStep]) -> list[str]:
    """Return the steps that have run and can be gone back to, beside the one that failed.

    A group that is retried as one is gone back to as one: only its first step is named.
    """
    definition = definition_of(process)
    if definition is None or not (process.status in FAILURES or is_stranded(process)):
        return []
    ran = {row.path for row in rows if not row.superseded}
    here = process.next_step
    last = definition.retry_point(here) if here in definition.by_path else ""
    return [
        step.path
        for step in definition.steps
        if step.path in ran and step.kind not in ("start", "end")
        if step.path not in (here, last) and definition.retry_point(step.path) == step.path
    ]
