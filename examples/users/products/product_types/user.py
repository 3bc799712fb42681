from enum import StrEnum

from examples.users.products.product_blocks.user import (
    UserBlock,
    UserBlockInactive,
    UserBlockProvisioning,
)
from workflows_app.domain import SubscriptionLifecycle, SubscriptionModel


class Affiliation(StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"


class UserInactive(SubscriptionModel, is_base=True):
    affiliation: Affiliation  # A fixed input: the product says which.
    user: UserBlockInactive


class UserProvisioning(UserInactive, lifecycle=[SubscriptionLifecycle.PROVISIONING]):
    user: UserBlockProvisioning


class User(UserProvisioning, lifecycle=[SubscriptionLifecycle.ACTIVE]):
    user: UserBlock
