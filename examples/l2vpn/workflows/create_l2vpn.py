"""Create an L2VPN: a subscription that a playbook brings to life."""

from typing import Annotated, Self
from uuid import UUID

from annotated_types import Ge
from pydantic import ConfigDict, model_validator

from examples.l2vpn.network import Node, Vlan
from examples.l2vpn.playbook import callback_interaction
from examples.l2vpn.products.product_types.l2vpn import L2vpnInactive, L2vpnProvisioning
from examples.l2vpn.workflows.circuits import (
    call_ansible_playbook,
    name_circuit,
    note_configuration,
    require_free,
)
from workflows_app import State, StepList, Target, begin, step
from workflows_app.forms import FormGenerator, SubmitFormPage
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.subscriptions import create_workflow, store_process_subscription


def initial_input_form_generator(product_name: str) -> FormGenerator:
    class CreateL2vpnPage(SubmitFormPage):
        model_config = ConfigDict(title=product_name)

        customer_id: str = "Example University"
        vlan: Vlan
        speed: Annotated[int, Ge(1)] = 1000
        node_a: Node
        port_a: str = "ge-0/0/1"
        node_b: Node
        port_b: str = "ge-0/0/1"

        @model_validator(mode="after")
        def check_ends(self) -> Self:
            if self.node_a == self.node_b:
                raise ValueError("An L2VPN connects two different nodes.")
            require_free(self.vlan, node_name=self.node_a.value, port_name=self.port_a)
            require_free(self.vlan, node_name=self.node_b.value, port_name=self.port_b)
            return self

    page = yield CreateL2vpnPage
    return {**page.model_dump()}


@step("Construct model")
def construct_model(
    product: UUID,
    customer_id: str,
    vlan: int,
    speed: int,
    node_a: str,
    port_a: str,
    node_b: str,
    port_b: str,
) -> State:
    ordered = L2vpnInactive.from_product_id(product, customer_id)
    circuit = ordered.virtual_circuit
    circuit.speed = speed
    for sap, node, port in zip(circuit.saps, (node_a, node_b), (port_a, port_b), strict=True):
        require_free(vlan, node_name=node, port_name=port)  # Another order may have been quicker.
        sap.vlan, sap.port.port_name, sap.port.node.node_name = vlan, port, node
    subscription = L2vpnProvisioning.from_other_lifecycle(
        ordered, SubscriptionLifecycle.PROVISIONING
    )
    return name_circuit(subscription)


@create_workflow("Create L2VPN", initial_input_form=initial_input_form_generator)
def create_l2vpn() -> StepList:
    return (
        begin
        >> construct_model
        >> store_process_subscription(Target.CREATE)
        >> callback_interaction(call_ansible_playbook)
        >> note_configuration
    )
