"""What the database holds: workflows, processes, subscriptions, products, and the engine itself."""

from workflows_app.models.catalog import FixedInput, Product, ProductBlock
from workflows_app.models.engine import EngineSettings, Worker
from workflows_app.models.process import Process, ProcessEvent, ProcessStep
from workflows_app.models.subscription import (
    InstanceRelation,
    ProcessSubscription,
    Subscription,
    SubscriptionInstance,
)
from workflows_app.models.workflow import Workflow

__all__ = [
    "EngineSettings",
    "FixedInput",
    "InstanceRelation",
    "Process",
    "ProcessEvent",
    "ProcessStep",
    "ProcessSubscription",
    "Product",
    "ProductBlock",
    "Subscription",
    "SubscriptionInstance",
    "Worker",
    "Workflow",
]
