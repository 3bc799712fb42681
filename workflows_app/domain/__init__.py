"""Subscriptions and products as models: what authors define, and what their steps are given."""

from workflows_app.domain.blocks import ProductBlockModel
from workflows_app.domain.building import SUBSCRIPTION_MODEL_REGISTRY
from workflows_app.domain.products import ProductModel
from workflows_app.domain.subscriptions import SubscriptionModel
from workflows_app.lifecycle import ProductLifecycle, SubscriptionLifecycle

__all__ = [
    "SUBSCRIPTION_MODEL_REGISTRY",
    "ProductBlockModel",
    "ProductLifecycle",
    "ProductModel",
    "SubscriptionLifecycle",
    "SubscriptionModel",
]
