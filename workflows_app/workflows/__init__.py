"""The workflows that every site has."""

from workflows_app.registry import LazyWorkflowInstance

for _module, _function in (
    ("modify_note", "modify_note"),
    ("clean_up_tasks", "task_clean_up_tasks"),
    ("resume_workflows", "task_resume_workflows"),
    ("validate_products", "task_validate_products"),
    ("validate_subscriptions", "task_validate_subscriptions"),
):
    LazyWorkflowInstance(f"workflows_app.workflows.{_module}", _function)
