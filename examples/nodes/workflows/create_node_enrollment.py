"""Enroll a node: it stays provisioning until it is validated and activated."""

from typing import Any
from uuid import UUID

from pydantic import ConfigDict

from examples.nodes.network import add_device, get_detailed_node, nodes
from examples.nodes.products.product_types.node_enrollment import (
    NodeEnrollmentInactive,
    NodeEnrollmentProvisioning,
)
from workflows_app import State, StepList, begin, step
from workflows_app.errors import StartRefused
from workflows_app.forms import Choice, FormGenerator, SubmitFormPage
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import SubscriptionInstance
from workflows_app.subscriptions import create_workflow, store_process_subscription

_CHOICE: Any = Choice  # Typed as if it took no members: Enum's functional API.


def initial_input_form_generator() -> FormGenerator:
    taken = _enrolled()
    free = [node for node in nodes() if node["id"] not in taken]
    if not free:
        raise StartRefused("every node in ESDB is enrolled already")
    choices: Any = _CHOICE(
        "Nodes",
        [(node["name"], (str(node["id"]), f"{node['name']} ({node['site']})")) for node in free],
    )

    class EnrollNodePage(SubmitFormPage):
        model_config = ConfigDict(title="Enroll a node")

        customer_id: str = "Network operations"
        esdb_node_id: choices

    page = yield EnrollNodePage
    return {**page.model_dump()}


@step("Create subscription")
def create_subscription(product: UUID, customer_id: str, esdb_node_id: int) -> State:
    if esdb_node_id in _enrolled():  # Another order may have been quicker.
        raise ValueError(f"The node {esdb_node_id} is enrolled already.")
    node = get_detailed_node(esdb_node_id)
    ordered = NodeEnrollmentInactive.from_product_id(product, customer_id)
    ordered.ne.esdb_node_id = esdb_node_id
    ordered.ne.node_name = node["name"]
    ordered.ne.site = node["site"]
    ordered.description = f"Node {node['name']} Provisioning"
    subscription = NodeEnrollmentProvisioning.from_other_lifecycle(
        ordered, SubscriptionLifecycle.PROVISIONING
    )
    return {"subscription": subscription}


@step("Add to NSO")
def add_to_nso(subscription: NodeEnrollmentProvisioning) -> State:
    return {"device": add_device(device_name=subscription.ne.node_name)}


@create_workflow(
    "Create Node Enrollment",
    initial_input_form=initial_input_form_generator,
    status=SubscriptionLifecycle.PROVISIONING,
)
def create_node_enrollment() -> StepList:
    return begin >> create_subscription >> store_process_subscription() >> add_to_nso


def _enrolled() -> set[int]:
    """Return the nodes in ESDB that have a subscription which is not over."""
    living = SubscriptionInstance.objects.exclude(
        subscription__status=SubscriptionLifecycle.TERMINATED
    )
    enrolled = living.filter(product_block__name="NodeEnrollmentBlock")
    return set(enrolled.values_list("values__esdb_node_id", flat=True))
