"""What the workflows on an L2VPN share: the order at the runner, and which VLANs are taken."""

from collections.abc import Mapping
from uuid import UUID

from examples.l2vpn.playbook import PlaybookResult
from examples.l2vpn.products.product_types.l2vpn import L2vpnProvisioning
from examples.l2vpn.runner import order_playbook
from workflows_app import State, step
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import SubscriptionInstance


def order(subscription: L2vpnProvisioning, playbook: str, urls: Mapping[str, str], key: str) -> str:
    """Order the run of a playbook at both ends, and return the job's id."""
    circuit = subscription.virtual_circuit
    end_a, end_b = circuit.saps
    return order_playbook(
        {
            "playbook_name": playbook,
            "inventory": f"{end_a.port.node.node_name}\n{end_b.port.node.node_name}",
            "extra_vars": {
                "vlan": end_a.vlan,
                "speed": circuit.speed,
                "SiteA": end_a.port.node.node_name,
                "interfaceA": end_a.port.port_name,
                "SiteB": end_b.port.node.node_name,
                "interfaceB": end_b.port.port_name,
            },
            **urls,
        },
        idempotency_key=key,
    )


@step("Execute an ansible playbook")
def call_ansible_playbook(
    subscription: L2vpnProvisioning, callback_url: str, progress_url: str, idempotency_key: str
) -> State:
    urls = {"callback": callback_url, "progress": progress_url}
    return {"job_id": order(subscription, "provision_l2vpn.yml", urls, idempotency_key)}


@step("Note the configuration")
def note_configuration(subscription: L2vpnProvisioning, callback_result: PlaybookResult) -> State:
    subscription.virtual_circuit.job_id = callback_result.job_id
    return {"subscription": subscription}


def name_circuit(subscription: L2vpnProvisioning) -> State:
    """Let the description say what the circuit is; ``circuit`` is for the confirmation's title."""
    end_a, end_b = subscription.virtual_circuit.saps
    nodes = f"{end_a.port.node.node_name} - {end_b.port.node.node_name}"
    subscription.description = f"L2VPN {end_a.vlan} {nodes}"
    return {"subscription": subscription, "circuit": subscription.description}


def require_free(vlan: int, *, node_name: str, port_name: str, but: UUID | None = None) -> None:
    """Raise ValueError if another L2VPN that is not over has the VLAN on that port.

    Args:
        but: the subscription that may have it.
    """
    living = SubscriptionInstance.objects.exclude(
        subscription__status=SubscriptionLifecycle.TERMINATED
    )
    taken = living.filter(
        product_block__name="SapBlock",
        values__vlan=vlan,
        outgoing__depends_on__values__port_name=port_name,
        outgoing__depends_on__outgoing__depends_on__values__node_name=node_name,
    )
    if taken.exclude(subscription=but).exists():
        raise ValueError(f"VLAN {vlan} is in use on {node_name} {port_name}.")
