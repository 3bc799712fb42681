"""The fields that the forms for users share."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from annotated_types import Ge, Le
from pydantic import StringConstraints

from examples.users.names import require_free
from workflows_app.errors import StartRefused
from workflows_app.forms import Choice
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import Subscription

Age = Annotated[int, Ge(0), Le(150)]
UserName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{1,31}$")]
require_free_user = partial(require_free, "UserBlock", "username")
_CHOICE: Any = Choice  # Typed as if it took no members: Enum's functional API.


def group() -> Any:
    """Return the type of a form's field: one of the groups, by the id of its subscription.

    Raises:
        StartRefused: there is no group.
    """
    groups = [(str(pk), (str(pk), name)) for pk, name in _groups()]
    if not groups:
        raise StartRefused("there is no active user group: create one first")
    return _CHOICE("Groups", groups)


def _groups() -> Sequence[tuple[UUID, str]]:
    """Return the groups that a user can join now."""
    rows = Subscription.objects.filter(
        product__product_type="UserGroup", status=SubscriptionLifecycle.ACTIVE, insync=True
    )
    return list(rows.order_by("description", "pk").values_list("pk", "description"))
