from workflows_app.domain import ProductBlockModel, SubscriptionLifecycle


class NodeEnrollmentBlockInactive(ProductBlockModel, product_block_name="NodeEnrollmentBlock"):
    esdb_node_id: int | None = None
    node_name: str | None = None
    site: str | None = None


class NodeEnrollmentBlockProvisioning(
    NodeEnrollmentBlockInactive, lifecycle=[SubscriptionLifecycle.PROVISIONING]
):
    esdb_node_id: int
    node_name: str


class NodeEnrollmentBlock(
    NodeEnrollmentBlockProvisioning, lifecycle=[SubscriptionLifecycle.ACTIVE]
):
    site: str
