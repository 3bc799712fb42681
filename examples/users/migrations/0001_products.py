"""The products, with what they are made of."""

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
    "UserBlock": {
        "description": "A user, who belongs to a group",
        "tag": "USER",
        "fields": ["age", "user_id", "username"],
        "depends_on": ["UserGroupBlock"],
    },
    "UserGroupBlock": {
        "description": "A group of users",
        "tag": "GROUP",
        "fields": ["group_id", "group_name"],
    },
}
new_products: dict[str, dict[str, Any]] = {
    "User Group": {
        "description": "A group of users",
        "product_type": "UserGroup",
        "tag": "GROUP",
        "product_blocks": ["UserGroupBlock"],
        "workflows": ["modify_note"],
    },
    "User internal": {
        "description": "A user of the organisation",
        "product_type": "User",
        "tag": "USER",
        "product_blocks": ["UserBlock"],
        "fixed_inputs": {"affiliation": "internal"},
        "workflows": ["modify_note"],
    },
    "User external": {
        "description": "A guest",
        "product_type": "User",
        "tag": "USER",
        "product_blocks": ["UserBlock"],
        "fixed_inputs": {"affiliation": "external"},
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
