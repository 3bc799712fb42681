"""The workflows of this app; each is imported when it is first used."""

from workflows_app import LazyWorkflowInstance

LazyWorkflowInstance("examples.l2vpn.workflows.provision_l2vpn", "provision_l2vpn")
LazyWorkflowInstance("examples.l2vpn.workflows.create_l2vpn", "create_l2vpn")
LazyWorkflowInstance("examples.l2vpn.workflows.modify_l2vpn", "modify_l2vpn")
LazyWorkflowInstance("examples.l2vpn.workflows.terminate_l2vpn", "terminate_l2vpn")
LazyWorkflowInstance("examples.l2vpn.workflows.check_runner", "task_check_runner")
