"""Which workflows a product has for a subscription, and why some cannot be started now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from workflows_app import policy, registry
from workflows_app.definition import WorkflowDefinition
from workflows_app.errors import UnknownWorkflow
from workflows_app.models import Subscription, Workflow
from workflows_app.subscriptions import rules


@dataclass(frozen=True, slots=True)
class Available:
    """A workflow of the subscription's product; ``reason`` says why not now, or is ""."""

    name: str
    description: str
    target: str
    reason: str


def available(subscription: Subscription, user: Any) -> Iterator[Available]:
    """Yield the workflows that work on the subscription, by name. Six queries at most."""
    around = rules.Around(subscription)
    for row in subscription.product.workflows.order_by("name"):
        definition = _definition(row)
        if definition is None or definition.usable is not None:
            reason = _reason(definition, subscription, user, around)
            yield Available(row.name, row.description, row.target, reason)


def _definition(row: Workflow) -> WorkflowDefinition | None:
    try:
        return registry.get(row.name)
    except UnknownWorkflow:
        return None


def _reason(
    definition: WorkflowDefinition | None, row: Subscription, user: Any, around: rules.Around
) -> str:
    if definition is None or definition.usable is None:
        return _("Its code is gone.")
    if not policy.may_start(user, definition):
        return _("You may not start it.")
    return rules.refusal(definition.name, definition.usable, row, around=around)
