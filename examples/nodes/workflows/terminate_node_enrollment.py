"""Take a node out of the network."""

from examples.nodes.network import remove_device
from examples.nodes.workflows.shared import load_subscription_info
from workflows_app import State, StepList, begin, step
from workflows_app.subscriptions import terminate_workflow


@step("Remove from NSO")
def remove_from_nso(node_name: str) -> State:
    remove_device(device_name=node_name)
    return {"removed_device": node_name}


@terminate_workflow("Terminate Node Enrollment subscription")
def terminate_node_enrollment() -> StepList:
    return begin >> load_subscription_info >> remove_from_nso
