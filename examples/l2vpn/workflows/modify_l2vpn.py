"""Change an L2VPN's VLAN or speed: it is provisioning until its ends are configured again."""

from typing import Annotated, Self

from annotated_types import Ge
from pydantic import ConfigDict, model_validator

from examples.l2vpn.network import Vlan
from examples.l2vpn.playbook import callback_interaction
from examples.l2vpn.products.product_types.l2vpn import L2vpn, L2vpnProvisioning
from examples.l2vpn.workflows.circuits import (
    call_ansible_playbook,
    name_circuit,
    note_configuration,
    require_free,
)
from workflows_app import State, StepList, begin, step
from workflows_app.forms import FormGenerator, SubmitFormPage
from workflows_app.subscriptions import ensure_provisioning_status, modify_workflow


def initial_input_form_generator(subscription: L2vpn) -> FormGenerator:
    circuit = subscription.virtual_circuit

    class ModifyL2vpnPage(SubmitFormPage):
        model_config = ConfigDict(title=subscription.description)

        vlan: Vlan = circuit.saps[0].vlan
        speed: Annotated[int, Ge(1)] = circuit.speed

        @model_validator(mode="after")
        def check_vlan(self) -> Self:
            _require_free(self.vlan, subscription)
            return self

    page = yield ModifyL2vpnPage
    return {**page.model_dump()}


@step("Change the circuit")
def change_circuit(subscription: L2vpnProvisioning, vlan: int, speed: int) -> State:
    _require_free(vlan, subscription)
    subscription.virtual_circuit.speed = speed
    for sap in subscription.virtual_circuit.saps:
        sap.vlan = vlan
    return name_circuit(subscription)


@modify_workflow("Modify L2VPN", initial_input_form=initial_input_form_generator)
def modify_l2vpn() -> StepList:
    return begin >> ensure_provisioning_status(
        change_circuit >> callback_interaction(call_ansible_playbook) >> note_configuration
    )


def _require_free(vlan: int, subscription: L2vpnProvisioning) -> None:
    for sap in subscription.virtual_circuit.saps:
        require_free(
            vlan,
            node_name=sap.port.node.node_name,
            port_name=sap.port.port_name,
            but=subscription.subscription_id,
        )
