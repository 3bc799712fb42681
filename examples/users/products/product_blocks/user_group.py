from workflows_app.domain import ProductBlockModel, SubscriptionLifecycle


class UserGroupBlockInactive(ProductBlockModel, product_block_name="UserGroupBlock"):
    group_name: str | None = None
    group_id: int | None = None


class UserGroupBlockProvisioning(
    UserGroupBlockInactive, lifecycle=[SubscriptionLifecycle.PROVISIONING]
):
    group_name: str


class UserGroupBlock(UserGroupBlockProvisioning, lifecycle=[SubscriptionLifecycle.ACTIVE]):
    group_id: int
