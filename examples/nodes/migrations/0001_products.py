"""The product, with what it is made of."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations

from workflows_app import Target
from workflows_app.migration_helpers import (
    create_product_blocks,
    create_products,
    create_workflow,
    delete_product,
    delete_product_block,
)

# The workflow that every product has; on a new site it is not registered yet.
modify_note = {"name": "modify_note", "target": Target.MODIFY, "description": "Change the note"}
new_blocks: dict[str, dict[str, Any]] = {
    "NodeEnrollmentBlock": {
        "description": "A node of the network, as the systems around it know it",
        "tag": "NODE",
        "fields": ["esdb_node_id", "node_name", "site"],
    },
}
new_products: dict[str, dict[str, Any]] = {
    "Node": {
        "description": "A node of the network",
        "product_type": "Node",
        "tag": "NODE",
        "product_blocks": ["NodeEnrollmentBlock"],
        "workflows": ["modify_note"],
    },
}


def forwards(apps: Apps, schema_editor: object) -> None:
    create_workflow(apps, modify_note)
    create_product_blocks(apps, new_blocks)
    create_products(apps, new_products)


def backwards(apps: Apps, schema_editor: object) -> None:
    for name in new_products:
        delete_product(apps, name)
    for name in new_blocks:
        delete_product_block(apps, name)


class Migration(migrations.Migration):
    dependencies = [("workflows_app", "0004_products_and_subscriptions")]
    operations = [migrations.RunPython(forwards, backwards)]
