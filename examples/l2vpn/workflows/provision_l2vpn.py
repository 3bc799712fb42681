"""Provision an L2VPN: order it, let a playbook configure the nodes, confirm, activate."""

from typing import Annotated

from pydantic import AfterValidator

from examples.l2vpn.network import Node, Vlan
from examples.l2vpn.playbook import callback_interaction
from examples.l2vpn.runner import order_playbook
from workflows_app import State, StepList, Target, begin, step, workflow
from workflows_app.forms import FormGenerator, FormPage, SubmitFormPage


def order_form() -> FormGenerator:
    """Ask for the customer and the VLAN, then for the two ends."""

    class OrderPage(FormPage):
        model_config = {"title": "Order an L2VPN"}

        customer: str
        vlan: Vlan
        simulate_fault: bool = False

    order = yield OrderPage

    def is_other_end(node: Node) -> Node:
        if node == ends_so_far.get("node_a"):
            raise ValueError("An L2VPN connects two different nodes.")
        return node

    ends_so_far: dict[str, Node] = {}

    def remember(node: Node) -> Node:
        ends_so_far["node_a"] = node
        return node

    class EndsPage(SubmitFormPage):
        model_config = {"title": f"The two ends of VLAN {order.vlan}"}

        node_a: Annotated[Node, AfterValidator(remember)]
        port_a: str = "ge-0/0/1"
        node_b: Annotated[Node, AfterValidator(is_other_end)]
        port_b: str = "ge-0/0/1"

    ends = yield EndsPage
    return {**order.model_dump(), **ends.model_dump()}


@step("Order the circuit")
def order_circuit(customer: str, vlan: int) -> State:
    return {"circuit": f"{customer.upper()[:12]}-{vlan}"}


@step("Execute playbook")
def execute_playbook(
    node_a: str,
    port_a: str,
    node_b: str,
    port_b: str,
    *,
    vlan: int,
    attempt: int,
    callback_url: str,
    progress_url: str,
    idempotency_key: str,
    simulate_fault: bool = False,
) -> State:
    job_id = order_playbook(
        {
            "playbook_name": "provision_l2vpn.yml",
            "inventory": f"{node_a}\n{node_b}",
            "extra_vars": {
                "vlan": vlan,
                "SiteA": node_a,
                "interfaceA": port_a,
                "SiteB": node_b,
                "interfaceB": port_b,
                # The line is repaired before anybody tries again.
                "simulate_fault": simulate_fault and attempt == 1,
            },
            "callback": callback_url,
            "progress": progress_url,
        },
        idempotency_key=idempotency_key,
    )
    return {"job_id": job_id}


@step("Activate")
def activate(circuit: str) -> State:
    return {"service": {"name": circuit, "status": "active"}}


@workflow("Provision L2VPN", initial_input_form=order_form, target=Target.CREATE)
def provision_l2vpn() -> StepList:
    return begin >> order_circuit >> callback_interaction(execute_playbook) >> activate
