"""The workflows of this app; each is imported when it is first used."""

from workflows_app import LazyWorkflowInstance

_HERE = "examples.users.workflows"

LazyWorkflowInstance(f"{_HERE}.user_group.create_user_group", "create_user_group")
LazyWorkflowInstance(f"{_HERE}.user_group.modify_user_group", "modify_user_group")
LazyWorkflowInstance(f"{_HERE}.user_group.terminate_user_group", "terminate_user_group")
LazyWorkflowInstance(f"{_HERE}.user.create_user", "create_user")
LazyWorkflowInstance(f"{_HERE}.user.modify_user", "modify_user")
LazyWorkflowInstance(f"{_HERE}.user.terminate_user", "terminate_user")
