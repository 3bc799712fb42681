from examples.nodes.products.product_blocks.node_enrollment import (
    NodeEnrollmentBlock,
    NodeEnrollmentBlockInactive,
    NodeEnrollmentBlockProvisioning,
)
from workflows_app.domain import SubscriptionLifecycle, SubscriptionModel


class NodeEnrollmentInactive(SubscriptionModel, is_base=True):
    ne: NodeEnrollmentBlockInactive


class NodeEnrollmentProvisioning(
    NodeEnrollmentInactive, lifecycle=[SubscriptionLifecycle.PROVISIONING]
):
    ne: NodeEnrollmentBlockProvisioning


class NodeEnrollment(NodeEnrollmentProvisioning, lifecycle=[SubscriptionLifecycle.ACTIVE]):
    ne: NodeEnrollmentBlock
