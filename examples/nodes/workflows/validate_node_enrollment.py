"""Check a node, before production and in it: NSO must know the device."""

from examples.nodes.network import get_device
from examples.nodes.products.product_types.node_enrollment import NodeEnrollmentProvisioning
from examples.nodes.workflows.shared import load_subscription_info
from workflows_app import State, StepList, begin, step
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.subscriptions import validate_workflow


@step("Check NSO")
def check_nso(subscription: NodeEnrollmentProvisioning, node_name: str) -> State:
    device = get_device(device_name=node_name)

    if device is None:
        raise AssertionError("Device not found in NSO")
    return {"check_nso": "OK"}


@validate_workflow(
    "Validate Node Enrollment before production",
    usable_when=[SubscriptionLifecycle.PROVISIONING, SubscriptionLifecycle.ACTIVE],
)
def validate_node_enrollment() -> StepList:
    return begin >> load_subscription_info >> check_nso
