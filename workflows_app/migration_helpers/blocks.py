"""Product blocks, and which of them are parts of which."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps.registry import Apps

from workflows_app.errors import StillInUse
from workflows_app.migration_helpers import rows
from workflows_app.migration_helpers.rows import find, find_all, model, require_known

_COLUMNS = {"description", "tag"}
_KEYS = _COLUMNS | {"fields", "depends_on"}


def create_product_blocks(apps: Apps, new: Mapping[str, Mapping[str, Any]]) -> None:
    """Create product blocks, or bring their rows in line.

    Args:
        new: by name, where they say something: ``description``, ``tag``, ``fields`` (the names of
            the values), ``depends_on`` (names of blocks that are its parts; they may be among
            the new ones, in any order).

    Raises:
        NotInCatalog: a block that another depends on is not there.
        CatalogError: there are other keys.
    """
    blocks = model(apps, "ProductBlock").objects
    for name, given in new.items():
        require_known(f"the product block {name!r}", given, _KEYS)
        columns = {key: given[key] for key in given.keys() & _COLUMNS}
        if "fields" in given:
            columns["fields"] = sorted(set(given["fields"]))
        blocks.update_or_create(name=name, defaults=columns)
    for name, given in new.items():
        add_block_relations(apps, name, given.get("depends_on", ()))


def delete_product_block(apps: Apps, name: str) -> None:
    """Delete a product block, out of products and other blocks too; that it is gone is no error.

    Raises:
        StillInUse: subscriptions have instances of it.
    """
    row = model(apps, "ProductBlock").objects.filter(name=name).first()
    if row is None:
        return
    instances = model(apps, "SubscriptionInstance").objects.filter(product_block=row)
    if count := instances.values("subscription").distinct().count():
        hint = "let a workflow take it out of them first"
        raise StillInUse("product block", name, subscriptions=count, hint=hint)
    row.delete()


def rename_product_block(apps: Apps, old: str, new: str) -> None:
    """Rename a product block. The model has to have the new name as ``product_block_name``.

    Raises:
        NotInCatalog: there is none of either name.
        CatalogError: there is one of both.
    """
    rows.rename(apps, "ProductBlock", old, new)


def add_block_relations(apps: Apps, block: str, depends_on: Iterable[str]) -> None:
    """Note that other blocks are parts of ``block``.

    Raises:
        NotInCatalog: one of the blocks is not there.
    """
    find(apps, "ProductBlock", block).depends_on.add(*find_all(apps, "ProductBlock", depends_on))


def remove_block_relations(apps: Apps, block: str, depends_on: Iterable[str]) -> None:
    """Undo ``add_block_relations``.

    Raises:
        NotInCatalog: ``block`` is not there.
    """
    named = model(apps, "ProductBlock").objects.filter(name__in=list(depends_on))
    find(apps, "ProductBlock", block).depends_on.remove(*named)
