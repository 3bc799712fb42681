"""Create a user in a group, which has a subscription of its own."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict

from examples.users import directory
from examples.users.products.product_types.user import UserInactive, UserProvisioning
from examples.users.products.product_types.user_group import UserGroup
from examples.users.workflows.user.fields import Age, UserName, group, require_free_user
from workflows_app import State, StepList, begin, step
from workflows_app.forms import FormGenerator, SubmitFormPage
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.subscriptions import create_workflow, store_process_subscription


def initial_input_form_generator(product_name: str) -> FormGenerator:
    groups: Any = group()

    class CreateUserPage(SubmitFormPage):
        model_config = ConfigDict(title=product_name)

        customer_id: str = "Example University"
        user_group_id: groups
        username: Annotated[UserName, AfterValidator(require_free_user)]
        age: Age | None = None

    page = yield CreateUserPage
    return {**page.model_dump()}


@step("Create subscription")
def create_subscription(
    product: UUID, customer_id: str, user_group_id: UUID, username: str, age: int | None
) -> State:
    require_free_user(username)  # Another order may have been quicker.
    ordered = UserInactive.from_product_id(product, customer_id)
    ordered.user.username = username
    ordered.user.age = age
    ordered.user.group = UserGroup.from_subscription(user_group_id).user_group
    ordered.description = f"User {username}"
    subscription = UserProvisioning.from_other_lifecycle(
        ordered, SubscriptionLifecycle.PROVISIONING
    )
    return {"subscription": subscription}


@step("Create user in the directory")
def create_in_directory(subscription: UserProvisioning) -> State:
    subscription.user.user_id = directory.number(subscription.subscription_id)
    return {"subscription": subscription}


@create_workflow("Create user", initial_input_form=initial_input_form_generator)
def create_user() -> StepList:
    return begin >> create_subscription >> store_process_subscription() >> create_in_directory
