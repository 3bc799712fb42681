from examples.users.products.product_blocks.user_group import (
    UserGroupBlock,
    UserGroupBlockInactive,
    UserGroupBlockProvisioning,
)
from workflows_app.domain import ProductBlockModel, SubscriptionLifecycle


class UserBlockInactive(ProductBlockModel, product_block_name="UserBlock"):
    group: UserGroupBlockInactive | None = None  # The block of the group's own subscription.
    username: str | None = None
    age: int | None = None
    user_id: int | None = None


class UserBlockProvisioning(UserBlockInactive, lifecycle=[SubscriptionLifecycle.PROVISIONING]):
    group: UserGroupBlockProvisioning
    username: str


class UserBlock(UserBlockProvisioning, lifecycle=[SubscriptionLifecycle.ACTIVE]):
    group: UserGroupBlock
    user_id: int
