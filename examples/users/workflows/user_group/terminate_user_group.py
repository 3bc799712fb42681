"""End a group. It is refused while the group has users: their subscriptions use it."""

from examples.users.products.product_types.user_group import UserGroupInactive
from workflows_app import State, StepList, begin, step
from workflows_app.subscriptions import terminate_workflow


@step("Delete group from the directory")
def delete_from_directory(subscription: UserGroupInactive) -> State:
    return {"deleted_group_id": subscription.user_group.group_id}


@terminate_workflow("Terminate user group")
def terminate_user_group() -> StepList:
    return begin >> delete_from_directory
