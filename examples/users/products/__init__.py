"""The products of this app, each with the model of its subscriptions."""

from examples.users.products.product_types.user import User
from examples.users.products.product_types.user_group import UserGroup
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY

SUBSCRIPTION_MODEL_REGISTRY.update(
    {
        "User Group": UserGroup,
        "User internal": User,
        "User external": User,
    }
)
