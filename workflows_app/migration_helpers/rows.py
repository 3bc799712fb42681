"""What the other modules share: historical models, and rows found by name."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from django.apps.registry import Apps

from workflows_app.errors import CatalogError, NotInCatalog

_CALLED = {
    "Workflow": "workflow",
    "Product": "product",
    "ProductBlock": "product block",
}


def model(apps: Apps, name: str) -> Any:
    """Return a model of ``workflows_app`` as it was at this point of the migrations.

    Raises:
        CatalogError: it was not there yet.
    """
    try:
        return apps.get_model("workflows_app", name)
    except LookupError as error:
        raise CatalogError(
            f"the migration does not see the model {name}; let it depend on "
            '("workflows_app", "0004_products_and_subscriptions") or a later one'
        ) from error


def find(apps: Apps, kind: str, name: str) -> Any:
    """Return the row of that name.

    Raises:
        NotInCatalog: there is none.
    """
    row = model(apps, kind).objects.filter(name=name).first()
    if row is None:
        raise NotInCatalog(_CALLED[kind], name)
    return row


def find_all(apps: Apps, kind: str, names: Iterable[str]) -> list[Any]:
    """Return the rows of those names.

    Raises:
        NotInCatalog: one of them is missing.
    """
    return [find(apps, kind, name) for name in names]


def rename(apps: Apps, kind: str, old: str, new: str) -> None:
    """Give a row another name. That it has it already is no error.

    Raises:
        NotInCatalog: there is no row of either name.
        CatalogError: there are rows of both.
    """
    rows = model(apps, kind).objects
    taken = rows.filter(name=new).exists()
    if taken and rows.filter(name=old).exists():
        raise CatalogError(f"there is a {_CALLED[kind]} '{new}' already, beside '{old}'")
    if not taken:
        find(apps, kind, old)
        rows.filter(name=old).update(name=new)


def require_known(what: str, given: Mapping[str, Any], known: Set[str]) -> None:
    """Raise CatalogError if a description has keys that nobody would read."""
    if unknown := sorted(given.keys() - known):
        raise CatalogError(
            f"{what} is described with {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
