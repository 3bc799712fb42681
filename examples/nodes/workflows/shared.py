"""The step with which the workflows on a node begin."""

from examples.nodes.network import get_detailed_node
from examples.nodes.products.product_types.node_enrollment import NodeEnrollmentProvisioning
from workflows_app import State, step


@step("Load relevant subscription information")
def load_subscription_info(subscription: NodeEnrollmentProvisioning) -> State:
    node = get_detailed_node(subscription.ne.esdb_node_id)
    return {"subscription": subscription, "node_name": node.get("name")}
