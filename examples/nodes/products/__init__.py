"""The product of this app, with the model of its subscriptions."""

from examples.nodes.products.product_types.node_enrollment import NodeEnrollment
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY

SUBSCRIPTION_MODEL_REGISTRY.update({"Node": NodeEnrollment})
