"""Add L2VPN workflows."""

from django.apps.registry import Apps
from django.db import migrations

from workflows_app import Target
from workflows_app.migration_helpers import create_workflow, delete_workflow

new_workflows = [
    {
        "name": "create_l2vpn",
        "target": Target.CREATE,
        "description": "Create L2VPN",
        "product_type": "L2VPN",
    },
    {
        "name": "modify_l2vpn",
        "target": Target.MODIFY,
        "description": "Modify L2VPN",
        "product_type": "L2VPN",
    },
    {
        "name": "terminate_l2vpn",
        "target": Target.TERMINATE,
        "description": "Terminate L2VPN",
        "product_type": "L2VPN",
    },
]


def forwards(apps: Apps, schema_editor: object) -> None:
    for workflow in new_workflows:
        create_workflow(apps, workflow)


def backwards(apps: Apps, schema_editor: object) -> None:
    for workflow in new_workflows:
        delete_workflow(apps, workflow["name"])


class Migration(migrations.Migration):
    dependencies = [("l2vpn", "0001_products")]
    operations = [migrations.RunPython(forwards, backwards)]
