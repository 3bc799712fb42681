"""Create a group: name it, let the directory number it."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict

from examples.users import directory
from examples.users.products.product_types.user_group import (
    UserGroupInactive,
    UserGroupProvisioning,
)
from examples.users.workflows.user_group.names import GroupName, require_free_group
from workflows_app import State, StepList, begin, step
from workflows_app.forms import FormGenerator, SubmitFormPage
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.subscriptions import create_workflow, store_process_subscription


def initial_input_form_generator(product_name: str) -> FormGenerator:
    class CreateUserGroupPage(SubmitFormPage):
        model_config = ConfigDict(title=product_name)

        customer_id: str = "Example University"
        group_name: Annotated[GroupName, AfterValidator(require_free_group)]

    page = yield CreateUserGroupPage
    return {**page.model_dump()}


@step("Create subscription")
def create_subscription(product: UUID, customer_id: str, group_name: str) -> State:
    require_free_group(group_name)  # Another order may have been quicker.
    ordered = UserGroupInactive.from_product_id(product, customer_id)
    ordered.user_group.group_name = group_name
    ordered.description = f"User group {group_name}"
    subscription = UserGroupProvisioning.from_other_lifecycle(
        ordered, SubscriptionLifecycle.PROVISIONING
    )
    return {"subscription": subscription}


@step("Create group in the directory")
def create_in_directory(subscription: UserGroupProvisioning) -> State:
    subscription.user_group.group_id = directory.number(subscription.subscription_id)
    return {"subscription": subscription}


@create_workflow("Create user group", initial_input_form=initial_input_form_generator)
def create_user_group() -> StepList:
    return begin >> create_subscription >> store_process_subscription() >> create_in_directory
