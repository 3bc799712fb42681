"""The product of this app, with the model of its subscriptions."""

from examples.l2vpn.products.product_types.l2vpn import L2vpn
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY

SUBSCRIPTION_MODEL_REGISTRY.update({"L2VPN": L2vpn})
