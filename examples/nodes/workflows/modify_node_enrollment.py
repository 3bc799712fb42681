"""Take a node into production."""

from examples.nodes.products.product_types.node_enrollment import (
    NodeEnrollment,
    NodeEnrollmentProvisioning,
)
from examples.nodes.workflows.shared import load_subscription_info
from workflows_app import State, StepList, begin, step
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.subscriptions import modify_workflow


@step("Activate Subscription")
def update_subscription_and_description(
    subscription: NodeEnrollmentProvisioning, node_name: str
) -> State:
    subscription = NodeEnrollment.from_other_lifecycle(subscription)
    subscription.description = f"Node {node_name} Production"

    return {"subscription": subscription}


@modify_workflow("Modify Node Enrollment", usable_when=[SubscriptionLifecycle.PROVISIONING])
def modify_node_enrollment() -> StepList:
    return begin >> load_subscription_info >> update_subscription_and_description
