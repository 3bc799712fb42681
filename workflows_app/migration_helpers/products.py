"""Create, rename and delete products."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.apps.registry import Apps

from workflows_app.errors import CatalogError, StillInUse
from workflows_app.lifecycle import ProductLifecycle
from workflows_app.migration_helpers import rows
from workflows_app.migration_helpers.fixed_inputs import create_fixed_inputs
from workflows_app.migration_helpers.rows import find, find_all, model, require_known

_COLUMNS = {"product_type", "description", "tag", "status", "end_date"}
_KEYS = _COLUMNS | {"product_id", "product_blocks", "fixed_inputs", "workflows"}


def create_products(apps: Apps, new: Mapping[str, Mapping[str, Any]]) -> dict[str, UUID]:
    """Create products, or bring their rows in line, and return their ids by name.

    Args:
        new: by name: ``product_type``, and where they say something ``description``, ``tag``,
            ``status``, ``end_date``, ``product_id`` (of a new row), ``product_blocks`` and
            ``workflows`` (names of rows that are there), ``fixed_inputs`` (values by name).

    Raises:
        NotInCatalog: a product block or a workflow is not there.
        CatalogError: the type is missing, the status unknown, or there are other keys.
    """
    return {name: _create(apps, name, given) for name, given in new.items()}


def _create(apps: Apps, name: str, given: Mapping[str, Any]) -> UUID:
    require_known(f"the product {name!r}", given, _KEYS)
    if not given.get("product_type"):
        raise CatalogError(f"the product {name!r} has no product_type")
    columns = {key: given[key] for key in given.keys() & _COLUMNS}
    if columns.get("status", ProductLifecycle.ACTIVE) not in ProductLifecycle.values:
        raise CatalogError(
            f"the product {name!r} has the status {columns['status']!r}; known are "
            f"{', '.join(ProductLifecycle.values)}"
        )
    if "status" in columns:
        columns["status"] = ProductLifecycle(columns["status"]).value
    identity = {"id": UUID(str(given["product_id"]))} if given.get("product_id") else {}
    row, _ = model(apps, "Product").objects.update_or_create(
        name=name, defaults=columns, create_defaults=columns | identity
    )
    row.product_blocks.add(*find_all(apps, "ProductBlock", given.get("product_blocks", ())))
    row.workflows.add(*find_all(apps, "Workflow", given.get("workflows", ())))
    create_fixed_inputs(apps, name, given.get("fixed_inputs", {}))
    pk: UUID = row.pk
    return pk


def delete_product(apps: Apps, name: str) -> None:
    """Delete a product with its fixed inputs; that it is gone is no error.

    Raises:
        StillInUse: it has subscriptions, terminated ones included: they are history.
    """
    row = model(apps, "Product").objects.filter(name=name).first()
    if row is None:
        return
    if count := model(apps, "Subscription").objects.filter(product=row).count():
        hint = "set its status to 'end of life' instead, so that nobody orders it"
        raise StillInUse("product", name, subscriptions=count, hint=hint)
    row.delete()


def delete_products_by_tag(apps: Apps, tag: str) -> None:
    """Delete the products of a tag.

    Raises:
        StillInUse: one of them has subscriptions.
    """
    for name in model(apps, "Product").objects.filter(tag=tag).values_list("name", flat=True):
        delete_product(apps, name)


def rename_product(apps: Apps, old: str, new: str) -> None:
    """Rename a product. ``SUBSCRIPTION_MODEL_REGISTRY`` has to know it under the new name.

    Raises:
        NotInCatalog: there is none of either name.
        CatalogError: there is one of both.
    """
    rows.rename(apps, "Product", old, new)


def add_blocks_to_product(apps: Apps, product: str, blocks: Iterable[str]) -> None:
    """Note that a product is made of these blocks, too.

    Raises:
        NotInCatalog: the product or a block is not there.
    """
    find(apps, "Product", product).product_blocks.add(*find_all(apps, "ProductBlock", blocks))


def remove_blocks_from_product(apps: Apps, product: str, blocks: Iterable[str]) -> None:
    """Undo ``add_blocks_to_product``. The instances of existing subscriptions stay.

    Raises:
        NotInCatalog: the product is not there.
    """
    named = model(apps, "ProductBlock").objects.filter(name__in=list(blocks))
    find(apps, "Product", product).product_blocks.remove(*named)
