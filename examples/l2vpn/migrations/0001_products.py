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
    "VirtualCircuitBlock": {
        "description": "A circuit between two service attachment points",
        "tag": "VC",
        "fields": ["job_id", "speed"],
        "depends_on": ["SapBlock"],
    },
    "SapBlock": {
        "description": "A service attachment point: a VLAN on a port",
        "tag": "SAP",
        "fields": ["vlan"],
        "depends_on": ["PortBlock"],
    },
    "PortBlock": {
        "description": "A port of a node",
        "tag": "PORT",
        "fields": ["port_name"],
        "depends_on": ["NodeBlock"],
    },
    "NodeBlock": {"description": "A node", "tag": "NODE", "fields": ["node_name"]},
}
new_products: dict[str, dict[str, Any]] = {
    "L2VPN": {
        "description": "A layer 2 VPN between two sites",
        "product_type": "L2VPN",
        "tag": "L2VPN",
        "product_blocks": ["VirtualCircuitBlock"],
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
