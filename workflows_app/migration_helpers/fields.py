"""The values of product blocks, also in the subscriptions that there are.

Every subscription whose values change gets a new version, before they change: so a step that read
it earlier cannot write what it read over what the migration wrote.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.apps.registry import Apps
from django.db import transaction
from django.db.models import F

from workflows_app.errors import CatalogError, NotInCatalog
from workflows_app.migration_helpers.rows import find, model

_CHUNK = 500
_NO_DEFAULT: Any = object()


def add_block_field(apps: Apps, block: str, field: str, default: Any = _NO_DEFAULT) -> None:
    """Give a product block another value.

    Args:
        default: what existing instances get that have none, as JSON; they get none if it is left
            out, which is enough for a field with a default in its model.

    Raises:
        NotInCatalog: there is no such block.
    """
    row = find(apps, "ProductBlock", block)
    _set_fields(row, {*row.fields, field})
    if default is not _NO_DEFAULT:
        lacking = _instances(apps, row).exclude(values__has_key=field)
        _change(apps, lacking, lambda values: {**values, field: default})


def remove_block_field(apps: Apps, block: str, field: str) -> None:
    """Take a value from a product block and from all its instances; it is lost.

    Raises:
        NotInCatalog: there is no such block.
    """
    row = find(apps, "ProductBlock", block)
    _set_fields(row, {*row.fields} - {field})
    having = _instances(apps, row).filter(values__has_key=field)
    _change(apps, having, lambda values: {n: v for n, v in values.items() if n != field})


def rename_block_field(apps: Apps, block: str, old: str, new: str) -> None:
    """Rename a value of a product block, in all its instances too.

    Raises:
        NotInCatalog: there is no such block, or it has neither value.
        CatalogError: the block, or an instance of it, has both.
    """
    row = find(apps, "ProductBlock", block)
    having = _instances(apps, row).filter(values__has_key=old)
    if {old, new} <= {*row.fields} or having.filter(values__has_key=new).exists():
        raise CatalogError(f"the product block '{block}' has the fields '{old}' and '{new}'")
    if not {old, new} & {*row.fields}:
        raise NotInCatalog("field", f"{old}' of the product block '{block}")
    _set_fields(row, {*row.fields, new} - {old})
    _change(apps, having, lambda values: {new if n == old else n: v for n, v in values.items()})


def _instances(apps: Apps, block: Any) -> Any:
    return model(apps, "SubscriptionInstance").objects.filter(product_block=block)


def _set_fields(row: Any, fields: set[str]) -> None:
    row.fields = sorted(fields)
    row.save(update_fields=["fields"])


def _change(apps: Apps, instances: Any, new_values: Callable[[dict[str, Any]], Any]) -> None:
    pks: list[UUID] = list(instances.values_list("pk", flat=True))
    for start in range(0, len(pks), _CHUNK):
        _change_some(apps, pks[start : start + _CHUNK], new_values)


@transaction.atomic
def _change_some(apps: Apps, pks: list[UUID], new_values: Callable[[dict[str, Any]], Any]) -> None:
    rows = model(apps, "SubscriptionInstance").objects
    owners = rows.filter(pk__in=pks).values("subscription")
    model(apps, "Subscription").objects.filter(pk__in=owners).update(version=F("version") + 1)
    changed = list(rows.filter(pk__in=pks))
    for row in changed:
        row.values = new_values(row.values)
    rows.bulk_update(changed, ["values"])
