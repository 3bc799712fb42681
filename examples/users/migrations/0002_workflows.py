"""Add User and UserGroup workflows."""

from django.apps.registry import Apps
from django.db import migrations

from workflows_app import Target
from workflows_app.migration_helpers import create_workflow, delete_workflow

new_workflows = [
    {
        "name": "create_user_group",
        "target": Target.CREATE,
        "description": "Create user group",
        "product_type": "UserGroup",
    },
    {
        "name": "modify_user_group",
        "target": Target.MODIFY,
        "description": "Modify user group",
        "product_type": "UserGroup",
    },
    {
        "name": "terminate_user_group",
        "target": Target.TERMINATE,
        "description": "Terminate user group",
        "product_type": "UserGroup",
    },
    {
        "name": "create_user",
        "target": Target.CREATE,
        "description": "Create user",
        "product_type": "User",
    },
    {
        "name": "modify_user",
        "target": Target.MODIFY,
        "description": "Modify user",
        "product_type": "User",
    },
    {
        "name": "terminate_user",
        "target": Target.TERMINATE,
        "description": "Terminate user",
        "product_type": "User",
    },
]


def forwards(apps: Apps, schema_editor: object) -> None:
    for workflow in new_workflows:
        create_workflow(apps, workflow)


def backwards(apps: Apps, schema_editor: object) -> None:
    for workflow in new_workflows:
        delete_workflow(apps, workflow["name"])


class Migration(migrations.Migration):
    dependencies = [("users", "0001_products")]
    operations = [migrations.RunPython(forwards, backwards)]
