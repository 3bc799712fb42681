"""End a user. The group can end when its last user has ended."""

from examples.users.products.product_types.user import UserInactive
from workflows_app import State, StepList, begin, step
from workflows_app.subscriptions import terminate_workflow


@step("Delete user from the directory")
def delete_from_directory(subscription: UserInactive) -> State:
    return {"deleted_user_id": subscription.user.user_id}


@terminate_workflow("Terminate user")
def terminate_user() -> StepList:
    return begin >> delete_from_directory
