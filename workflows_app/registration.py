"""The registered workflows in the database, compared with those in code and brought in line."""

from dataclasses import dataclass
from typing import Any

from workflows_app import registry
from workflows_app.definition import WorkflowDefinition
from workflows_app.models import Workflow


@dataclass(frozen=True, slots=True)
class Difference:
    """Names of the workflows that code and database do not agree on."""

    missing: list[str]  # In code, not in the database.
    changed: list[str]  # In both, but described differently.
    gone: list[str]  # In the database, no longer in code.

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.gone)


def difference() -> Difference:
    """Compare the workflows in code with the rows.

    Raises:
        UnknownWorkflow: a lazily registered workflow cannot be imported.
    """
    rows = {row.name: row for row in Workflow.objects.all()}
    code = registry.definitions()
    known = [name for name in code if name in rows]
    return Difference(
        missing=[name for name in code if name not in rows],
        changed=[name for name in known if columns(code[name]) != stored(rows[name])],
        gone=sorted(name for name, row in rows.items() if row.in_code and name not in code),
    )


def sync() -> Difference:
    """Make the rows say what the code says. Rows are kept when the code is gone."""
    found = difference()
    code = registry.definitions()
    for name in found.missing:
        Workflow.objects.get_or_create(name=name, defaults=columns(code[name]))
    for name in found.changed:
        Workflow.objects.filter(name=name).update(**columns(code[name]))
    if found.gone:
        Workflow.objects.filter(name__in=found.gone).update(in_code=False)
    return found


def columns(definition: WorkflowDefinition) -> dict[str, Any]:
    """Return what the row of a workflow should say."""
    return {
        "target": definition.target.value,
        "description": definition.description[:500],
        "is_task": definition.is_task,
        "in_code": True,
    }


def stored(row: Workflow) -> dict[str, Any]:
    """Return what it says."""
    return {name: getattr(row, name) for name in ("target", "description", "is_task", "in_code")}
