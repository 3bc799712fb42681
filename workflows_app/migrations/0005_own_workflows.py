"""Register the workflows that every site has, so that products can be given them in a migration."""

from typing import Any

from django.db import migrations

from workflows_app.migration_helpers import create_workflow, delete_workflow

OWN: tuple[dict[str, Any], ...] = (
    {"name": "modify_note", "target": "MODIFY", "description": "Change the note"},
    {
        "name": "task_clean_up_tasks",
        "target": "SYSTEM",
        "description": "Clean up completed tasks",
        "is_task": True,
    },
    {
        "name": "task_resume_workflows",
        "target": "SYSTEM",
        "description": "Resume waiting processes",
        "is_task": True,
    },
    {
        "name": "task_validate_products",
        "target": "SYSTEM",
        "description": "Validate products",
        "is_task": True,
    },
    {
        "name": "task_validate_subscriptions",
        "target": "SYSTEM",
        "description": "Validate subscriptions",
        "is_task": True,
    },
)


def register(apps: Any, _schema_editor: Any) -> None:
    for workflow in OWN:
        create_workflow(apps, workflow)


def forget(apps: Any, _schema_editor: Any) -> None:
    for workflow in OWN:
        delete_workflow(apps, workflow["name"])


class Migration(migrations.Migration):
    dependencies = [("workflows_app", "0004_products_and_subscriptions")]

    operations = [migrations.RunPython(register, forget)]
