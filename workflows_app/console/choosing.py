"""What an address has chosen for a start form, and why it cannot be.

The form is filled in, no more: whoever submits it has it validated like any other.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from workflows_app import policy
from workflows_app.definition import WorkflowDefinition
from workflows_app.json_values import JSONObject
from workflows_app.masking import masked_at
from workflows_app.models import Process, Product, Subscription
from workflows_app.statuses import Target
from workflows_app.subscriptions import rules
from workflows_app.subscriptions.start_forms import ORDERABLE

_CHOOSABLE = ("product", "subscription_id")  # No others: nobody fills in a form for somebody else.


def chosen(query: QueryDict) -> dict[str, str]:
    """Return what the address chooses, by the name of its field on the first page."""
    texts = {name: str(query.get(name, "")).replace("\0", "")[:100] for name in _CHOOSABLE}
    return {name: text for name, text in texts.items() if text}


def inputs_of(definition: WorkflowDefinition, identity: str) -> tuple[JSONObject, Process | None]:
    """Return what the start form of an earlier process made, and the process.

    Nothing that is masked, and nothing of another workflow: a name may mean something else there.
    """
    rows = Process.objects.filter(pk__in=_ids(identity), workflow__name=definition.name)
    earlier = rows.first()
    if earlier is None:
        return {}, None
    patch = earlier.steps.filter(position=0).values_list("patch", flat=True).first() or {}
    return {key: value for key, value in patch.items() if masked_at(key, value) == value}, earlier


def may_open(user: Any) -> bool:
    """Return whether the pages of start forms are for ``user``; each workflow may refuse yet."""
    return bool(user.has_perms([policy.PERMISSIONS["view"], policy.PERMISSIONS["start"]]))


def why_not(definition: WorkflowDefinition, given: Mapping[str, str]) -> str:
    """Return why the workflow is not for what was chosen; "" if it is, or nothing was."""
    if definition.usable and "subscription_id" in given:
        return _why_not_subscription(definition, given["subscription_id"])
    if definition.target == Target.CREATE and "product" in given:
        return _why_not_product(definition, given["product"])
    return ""


def _why_not_subscription(definition: WorkflowDefinition, identity: str) -> str:
    rows = Subscription.objects.select_related("product", "locked_by__workflow")
    row = rows.filter(pk__in=_ids(identity)).first()
    if row is None or definition.usable is None:
        return _("There is no such subscription.")
    return rules.refusal(definition.name, definition.usable, row)


def _why_not_product(definition: WorkflowDefinition, identity: str) -> str:
    row = Product.objects.filter(pk__in=_ids(identity)).first()
    if row is None:
        return _("There is no such product.")
    if not row.workflows.filter(name=definition.name).exists():
        text = _("%(workflow)s is not a workflow of the product %(product)s.")
        return text % {"workflow": definition.name, "product": row.name}
    if row.status not in ORDERABLE:
        text = _("The product %(product)s cannot be ordered: it is %(status)s.")
        return text % {"product": row.name, "status": row.get_status_display().lower()}
    return ""


def _ids(text: str) -> list[UUID]:
    """Return the id that the text is; none if it is something else."""
    try:
        return [UUID(text)]
    except ValueError:
        return []
