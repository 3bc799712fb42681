"""What data migrations call to register and schedule workflows, and to change products.

Every function takes the historical ``apps`` that ``RunPython`` passes, so the migration that calls
it must depend on one of ``workflows_app`` that has the tables. What is there already is brought in
line and what is gone already is left alone, so a migration may be run again; and each has a
counterpart that undoes it::

    def forwards(apps, schema_editor):
        for workflow in new_workflows:
            create_workflow(apps, workflow)

    def backwards(apps, schema_editor):
        for workflow in new_workflows:
            delete_workflow(apps, workflow["name"])
"""

from workflows_app.migration_helpers.blocks import (
    add_block_relations,
    create_product_blocks,
    delete_product_block,
    remove_block_relations,
    rename_product_block,
)
from workflows_app.migration_helpers.fields import (
    add_block_field,
    remove_block_field,
    rename_block_field,
)
from workflows_app.migration_helpers.fixed_inputs import (
    create_fixed_inputs,
    delete_fixed_inputs,
    rename_fixed_input,
)
from workflows_app.migration_helpers.products import (
    add_blocks_to_product,
    create_products,
    delete_product,
    delete_products_by_tag,
    remove_blocks_from_product,
    rename_product,
)
from workflows_app.migration_helpers.schedules import delete_schedule, ensure_schedule
from workflows_app.migration_helpers.workflows import (
    add_products_to_workflow_by_product_tag,
    attach_workflow,
    create_task,
    create_workflow,
    create_workflows,
    delete_workflow,
    detach_workflow,
    ensure_default_workflows,
    remove_products_from_workflow_by_product_tag,
)

__all__ = [
    "add_block_field",
    "add_block_relations",
    "add_blocks_to_product",
    "add_products_to_workflow_by_product_tag",
    "attach_workflow",
    "create_fixed_inputs",
    "create_product_blocks",
    "create_products",
    "create_task",
    "create_workflow",
    "create_workflows",
    "delete_fixed_inputs",
    "delete_product",
    "delete_product_block",
    "delete_products_by_tag",
    "delete_schedule",
    "delete_workflow",
    "detach_workflow",
    "ensure_default_workflows",
    "ensure_schedule",
    "remove_block_field",
    "remove_block_relations",
    "remove_blocks_from_product",
    "remove_products_from_workflow_by_product_tag",
    "rename_block_field",
    "rename_fixed_input",
    "rename_product",
    "rename_product_block",
]
