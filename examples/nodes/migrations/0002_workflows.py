"""Add Node Enrollment workflows."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations

from workflows_app import Target
from workflows_app.migration_helpers import create_task, create_workflow, delete_workflow

new_workflows: list[dict[str, Any]] = [
    {
        "name": "create_node_enrollment",
        "target": Target.CREATE,
        "description": "Create Node Enrollment",
        "product_type": "Node",
    },
    {
        "name": "validate_node_enrollment",
        "target": Target.VALIDATE,
        "description": "Validate Node Enrollment before production",
        "product_type": "Node",
        "is_task": True,
    },
    {
        "name": "modify_node_enrollment",
        "target": Target.MODIFY,
        "description": "Modify Node Enrollment",
        "product_type": "Node",
    },
    {
        "name": "terminate_node_enrollment",
        "target": Target.TERMINATE,
        "description": "Terminate Node Enrollment subscription",
        "product_type": "Node",
    },
]
new_task = {
    "name": "task_set_device",
    "description": "Make a device vanish from the simulated NSO",
}


def forwards(apps: Apps, schema_editor: object) -> None:
    for workflow in new_workflows:
        create_workflow(apps, workflow)
    create_task(apps, new_task)


def backwards(apps: Apps, schema_editor: object) -> None:
    for workflow in new_workflows:
        delete_workflow(apps, workflow["name"])
    delete_workflow(apps, new_task["name"])


class Migration(migrations.Migration):
    dependencies = [("nodes", "0001_products")]
    operations = [migrations.RunPython(forwards, backwards)]
