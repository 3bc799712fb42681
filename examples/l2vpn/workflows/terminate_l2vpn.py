"""End an L2VPN: a playbook takes it out of the nodes."""

from examples.l2vpn.playbook import run_playbook
from examples.l2vpn.products.product_types.l2vpn import L2vpnProvisioning
from examples.l2vpn.workflows.circuits import order
from workflows_app import State, StepList, begin, step
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.subscriptions import terminate_workflow


@step("Remove from the nodes")
def remove_from_nodes(
    subscription: L2vpnProvisioning, callback_url: str, progress_url: str, idempotency_key: str
) -> State:
    urls = {"callback": callback_url, "progress": progress_url}
    return {"job_id": order(subscription, "remove_l2vpn.yml", urls, idempotency_key)}


@terminate_workflow(
    "Terminate L2VPN",
    usable_when=[SubscriptionLifecycle.PROVISIONING, SubscriptionLifecycle.ACTIVE],
)
def terminate_l2vpn() -> StepList:
    return begin >> run_playbook(remove_from_nodes)
