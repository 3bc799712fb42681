"""Change a user's name, age or group."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict

from examples.users.products.product_types.user import User
from examples.users.products.product_types.user_group import UserGroup
from examples.users.workflows.user.fields import Age, UserName, group, require_free_user
from workflows_app import State, StepList, begin, step
from workflows_app.forms import FormGenerator, SubmitFormPage
from workflows_app.subscriptions import modify_workflow


def initial_input_form_generator(subscription: User) -> FormGenerator:
    groups: Any = group()
    user, check = subscription.user, partial(require_free_user, but=subscription.subscription_id)

    class ModifyUserPage(SubmitFormPage):
        model_config = ConfigDict(title=subscription.description)

        user_group_id: groups = str(user.group.owner_subscription_id)
        username: Annotated[UserName, AfterValidator(check)] = user.username
        age: Age | None = user.age

    page = yield ModifyUserPage
    return {**page.model_dump()}


@step("Change the user")
def change_user(subscription: User, user_group_id: UUID, username: str, age: int | None) -> State:
    require_free_user(username, but=subscription.subscription_id)
    subscription.user.username = username
    subscription.user.age = age
    subscription.user.group = UserGroup.from_subscription(user_group_id).user_group
    subscription.description = f"User {username}"
    return {"subscription": subscription}


@modify_workflow("Modify user", initial_input_form=initial_input_form_generator)
def modify_user() -> StepList:
    return begin >> change_user
