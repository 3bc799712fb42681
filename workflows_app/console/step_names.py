"""What a step is called on a page: its groups, then its name, in the reader's language."""

from workflows_app.localized import localized
from workflows_app.models import Process


def step_name(process: Process, path: str) -> str:
    """Return a step's groups and name as the process's own definition has them."""
    for entry in process.definition:
        if entry["path"] == path:
            return " / ".join([*groups_of(path, entry["name"]), localized(entry["name"])])
    return spoken(path)


def groups_of(path: str, name: str) -> tuple[str, ...]:
    """Return the names of the groups that a step is in, outermost first.

    >>> groups_of("Playbook/Inner/Start", "Start"), groups_of("Start", "Start")
    (('Playbook', 'Inner'), ())
    """
    groups = path.removesuffix(name) if path != name else ""
    return tuple(localized(group) for group in groups.split("/") if group)


def spoken(path: str) -> str:
    """Return a path of groups, or of a step whose own name is not known.

    >>> spoken("Playbook/Inner")
    'Playbook / Inner'
    """
    return " / ".join(localized(part) for part in path.split("/"))
