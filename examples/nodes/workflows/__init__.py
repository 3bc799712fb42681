"""The workflows of this app; each is imported when it is first used."""

from workflows_app import LazyWorkflowInstance

_HERE = "examples.nodes.workflows"

LazyWorkflowInstance(f"{_HERE}.create_node_enrollment", "create_node_enrollment")
LazyWorkflowInstance(f"{_HERE}.validate_node_enrollment", "validate_node_enrollment")
LazyWorkflowInstance(f"{_HERE}.modify_node_enrollment", "modify_node_enrollment")
LazyWorkflowInstance(f"{_HERE}.terminate_node_enrollment", "terminate_node_enrollment")
LazyWorkflowInstance(f"{_HERE}.set_device", "task_set_device")
