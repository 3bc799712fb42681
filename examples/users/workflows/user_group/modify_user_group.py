"""Give a group another name."""

from functools import partial
from typing import Annotated

from pydantic import AfterValidator, ConfigDict

from examples.users.products.product_types.user_group import UserGroup
from examples.users.workflows.user_group.names import GroupName, require_free_group
from workflows_app import State, StepList, begin, step
from workflows_app.forms import FormGenerator, SubmitFormPage
from workflows_app.subscriptions import modify_workflow


def initial_input_form_generator(subscription: UserGroup) -> FormGenerator:
    check = partial(require_free_group, but=subscription.subscription_id)

    class ModifyUserGroupPage(SubmitFormPage):
        model_config = ConfigDict(title=subscription.description)

        group_name: Annotated[GroupName, AfterValidator(check)] = subscription.user_group.group_name

    page = yield ModifyUserGroupPage
    return {**page.model_dump()}


@step("Rename")
def rename(subscription: UserGroup, group_name: str) -> State:
    require_free_group(group_name, but=subscription.subscription_id)
    subscription.user_group.group_name = group_name
    subscription.description = f"User group {group_name}"
    return {"subscription": subscription}


@modify_workflow("Modify user group", initial_input_form=initial_input_form_generator)
def modify_user_group() -> StepList:
    return begin >> rename
