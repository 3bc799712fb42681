"""Workflows that create, change, check and end subscriptions, and the steps they share."""

from workflows_app.definition import Usable
from workflows_app.subscriptions.start_forms import (
    wrap_create_initial_input_form,
    wrap_modify_initial_input_form,
)
from workflows_app.subscriptions.steps import (
    ensure_provisioning_status,
    resync,
    set_status,
    store_process_subscription,
    unsync,
    unsync_unchecked,
)
from workflows_app.subscriptions.types import (
    create_workflow,
    modify_workflow,
    reconcile_workflow,
    terminate_workflow,
    validate_workflow,
)

__all__ = [
    "Usable",
    "create_workflow",
    "ensure_provisioning_status",
    "modify_workflow",
    "reconcile_workflow",
    "resync",
    "set_status",
    "store_process_subscription",
    "terminate_workflow",
    "unsync",
    "unsync_unchecked",
    "validate_workflow",
    "wrap_create_initial_input_form",
    "wrap_modify_initial_input_form",
]
