"""Schedule the tasks that every site has.

Those that tidy up and look for what is wrong are active, so that no site has to think of them.
``task_resume_workflows`` is paused: here what waits tries again by itself, and the task is for a
site whose remote systems come back earlier than the next try.
"""

from typing import Any

from django.conf import settings
from django.db import migrations

from workflows_app.migration_helpers import delete_schedule, ensure_schedule

OWN: tuple[dict[str, Any], ...] = (
    {"name": "Clean up tasks", "workflow": "task_clean_up_tasks", "cron": "20 */6 * * *"},
    {
        "name": "Validate subscriptions",
        "workflow": "task_validate_subscriptions",
        "cron": "10 0 * * *",
    },
    {"name": "Validate products", "workflow": "task_validate_products", "cron": "30 2 * * *"},
    {
        "name": "Resume waiting processes",
        "workflow": "task_resume_workflows",
        "cron": "0 * * * *",
        "paused": True,
    },
)


def schedule(apps: Any, _schema_editor: Any) -> None:
    for described in OWN:
        ensure_schedule(apps, **described)


def unschedule(apps: Any, _schema_editor: Any) -> None:
    for described in OWN:
        delete_schedule(apps, described["name"])


class Migration(migrations.Migration):
    dependencies = [
        ("workflows_app", "0011_preferences"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(schedule, unschedule)]
