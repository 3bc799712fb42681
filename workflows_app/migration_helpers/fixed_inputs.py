"""Fixed inputs: the values that all subscriptions of a product share."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps.registry import Apps

from workflows_app.errors import CatalogError, NotInCatalog
from workflows_app.migration_helpers.rows import find, model


def create_fixed_inputs(apps: Apps, product: str, new: Mapping[str, Any]) -> None:
    """Give a product fixed inputs, or the ones it has other values.

    Args:
        new: values by name; they are stored as text, which the product's model reads.

    Raises:
        NotInCatalog: there is no such product.
    """
    row = find(apps, "Product", product)
    for name, value in new.items():
        model(apps, "FixedInput").objects.update_or_create(
            product=row, name=name, defaults={"value": _text(value)}
        )


def delete_fixed_inputs(apps: Apps, product: str, names: Iterable[str]) -> None:
    """Take fixed inputs from a product; that they are gone is no error.

    Raises:
        NotInCatalog: there is no such product.
    """
    row = find(apps, "Product", product)
    model(apps, "FixedInput").objects.filter(product=row, name__in=list(names)).delete()


def rename_fixed_input(apps: Apps, product: str, old: str, new: str) -> None:
    """Rename a fixed input of a product. That it has the new name already is no error.

    Raises:
        NotInCatalog: there is no such product, or no such fixed input.
        CatalogError: there are both.
    """
    row = find(apps, "Product", product)
    named = model(apps, "FixedInput").objects.filter(product=row)
    taken = named.filter(name=new).exists()
    if taken and named.filter(name=old).exists():
        raise CatalogError(f"the product '{product}' has the fixed inputs '{old}' and '{new}'")
    if not taken and not named.filter(name=old).update(name=new):
        raise NotInCatalog("fixed input", f"{old}' of the product '{product}")


def _text(value: Any) -> str:
    """Return what the product's model will read the value from: an enumeration's is its value."""
    return str(getattr(value, "value", value))
