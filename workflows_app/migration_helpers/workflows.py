"""Register workflows, and attach them to the products that they work on."""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.apps.registry import Apps

from workflows_app import app_settings
from workflows_app.errors import CatalogError
from workflows_app.lifecycle import ProductLifecycle
from workflows_app.migration_helpers.rows import find, find_all, model, require_known
from workflows_app.statuses import Target

logger = logging.getLogger(__name__)

_KEYS = {"name", "target", "description", "is_task", "product_type"}


def create_workflow(apps: Apps, workflow: Mapping[str, Any]) -> None:
    """Register a workflow, or bring its row in line, and attach it to the products of a type.

    Args:
        workflow: ``name`` and ``target`` (a ``Target`` or its value), and where they say something
            ``description``, ``is_task`` (False) and ``product_type``: without it the workflow is
            attached to no product, as tasks are that work on no subscription.

    Raises:
        CatalogError: the target is missing or unknown, or the mapping has other keys.
    """
    require_known(f"the workflow {workflow.get('name')!r}", workflow, _KEYS)
    target = str(workflow.get("target", ""))
    if not workflow.get("name") or target not in Target.values:
        raise CatalogError(
            f"a workflow has a name and a target, one of {', '.join(Target.values)}: "
            f"{dict(workflow)!r}"
        )
    columns = {"target": Target(target).value, "in_code": True}
    if "description" in workflow:
        columns["description"] = workflow["description"][:500]
    if "is_task" in workflow:
        columns["is_task"] = workflow["is_task"]
    rows = model(apps, "Workflow").objects
    rows.update_or_create(name=workflow["name"], defaults=columns)
    if workflow.get("product_type"):
        attach_workflow(apps, workflow["name"], workflow["product_type"])


def create_workflows(
    apps: Apps, new: Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]
) -> None:
    """Register several workflows.

    Args:
        new: what ``create_workflow`` takes; or a mapping of it by name.
    """
    described = (
        [{**given, "name": name} for name, given in new.items()]
        if isinstance(new, Mapping)
        else new
    )
    for workflow in described:
        create_workflow(apps, workflow)


def create_task(apps: Apps, task: Mapping[str, Any]) -> None:
    """Register a task: a workflow that changes nothing for a customer.

    Args:
        task: as for ``create_workflow``; the target is ``SYSTEM`` if not given.
    """
    create_workflow(apps, {"target": Target.SYSTEM, **task, "is_task": True})


def delete_workflow(apps: Apps, name: str) -> None:
    """Detach a workflow from all products and delete its row; that it is gone is no error.

    While it has processes its row is kept for them, marked as no longer in the code.
    """
    row = model(apps, "Workflow").objects.filter(name=name).first()
    if row is None:
        return
    row.products.clear()
    if model(apps, "Process").objects.filter(workflow=row).exists():
        row.in_code = False
        row.save(update_fields=["in_code"])
    else:
        row.delete()


def attach_workflow(
    apps: Apps, name: str, product_type: str = "", *, products: Iterable[str] = ()
) -> None:
    """Let a workflow be started on the subscriptions of a type of products, or of some by name.

    Products that are created later have to be attached by the migration that creates them. If the
    type has no products yet, the log says so.

    Raises:
        NotInCatalog: there is no such workflow, or no product of such a name.
    """
    row = find(apps, "Workflow", name)
    row.products.add(*find_all(apps, "Product", products))
    if product_type:
        typed = list(_of_type(apps, product_type))
        row.products.add(*typed)
        if not typed:
            logger.warning(
                "No product of this type, so the workflow is attached to none",
                extra={"workflow": name, "product_type": product_type},
            )


def detach_workflow(
    apps: Apps, name: str, product_type: str = "", *, products: Iterable[str] = ()
) -> None:
    """Undo ``attach_workflow``. That the workflow is not attached, or gone, is no error."""
    row = model(apps, "Workflow").objects.filter(name=name).first()
    if row is not None:
        named = model(apps, "Product").objects.filter(name__in=list(products))
        row.products.remove(*named)
        if product_type:
            row.products.remove(*_of_type(apps, product_type))


def add_products_to_workflow_by_product_tag(
    apps: Apps, workflow_name: str, product_tag: str, product_name_like: str = "%"
) -> None:
    """Attach a workflow to the products of a tag, and perhaps of a name like in SQL.

    Raises:
        NotInCatalog: there is no such workflow.
    """
    row = find(apps, "Workflow", workflow_name)
    row.products.add(*_tagged(apps, product_tag, product_name_like))


def remove_products_from_workflow_by_product_tag(
    apps: Apps, workflow_name: str, product_tag: str, product_name_like: str = "%"
) -> None:
    """Undo ``add_products_to_workflow_by_product_tag``.

    Raises:
        NotInCatalog: there is no such workflow.
    """
    row = find(apps, "Workflow", workflow_name)
    row.products.remove(*_tagged(apps, product_tag, product_name_like))


def ensure_default_workflows(apps: Apps) -> None:
    """Attach the workflows of ``DEFAULT_PRODUCT_WORKFLOWS`` to every product still in its life.

    Names that are not registered are passed over. There is no way back: who knows which products
    had them before.
    """
    products = list(
        model(apps, "Product").objects.exclude(status=ProductLifecycle.END_OF_LIFE.value)
    )
    names = app_settings.get("DEFAULT_PRODUCT_WORKFLOWS")
    for row in model(apps, "Workflow").objects.filter(name__in=list(names)):
        row.products.add(*products)


def _of_type(apps: Apps, product_type: str) -> Any:
    return model(apps, "Product").objects.filter(product_type=product_type)


def _tagged(apps: Apps, tag: str, name_like: str) -> list[Any]:
    pattern = re.escape(name_like).replace("%", ".*").replace("_", ".")
    rows = model(apps, "Product").objects.filter(tag=tag)
    return [row for row in rows if re.fullmatch(pattern, row.name, re.DOTALL)]
