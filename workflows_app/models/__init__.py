"""What the database holds: the rows that the engine and the console work on."""

from workflows_app.models.catalog import FixedInput, Product, ProductBlock
from workflows_app.models.console import BulkAction, SavedFilter
from workflows_app.models.engine import EngineSettings, Worker
from workflows_app.models.notice import (
    Channel,
    Delivery,
    DeliveryStatus,
    Notice,
    NoticeChoice,
    NoticeKind,
    Scope,
    WebhookEndpoint,
)
from workflows_app.models.preferences import Preferences
from workflows_app.models.process import Process, ProcessEvent, ProcessStep
from workflows_app.models.schedule import Schedule
from workflows_app.models.subscription import (
    InstanceRelation,
    ProcessSubscription,
    Subscription,
    SubscriptionInstance,
)
from workflows_app.models.workflow import Workflow

__all__ = [
    "BulkAction",
    "Channel",
    "Delivery",
    "DeliveryStatus",
    "EngineSettings",
    "FixedInput",
    "InstanceRelation",
    "Notice",
    "NoticeChoice",
    "NoticeKind",
    "Preferences",
    "Process",
    "ProcessEvent",
    "ProcessStep",
    "ProcessSubscription",
    "Product",
    "ProductBlock",
    "SavedFilter",
    "Schedule",
    "Scope",
    "Subscription",
    "SubscriptionInstance",
    "WebhookEndpoint",
    "Worker",
    "Workflow",
]
