"""Three roles that most sites start with: each is a group of users, with the permissions below.

A site may change its groups afterwards; ``manage.py create_roles`` adds what is missing and takes
nothing away. Who answers which form is another matter: that is said by the groups that workflows
name as assignees.
"""

from collections.abc import Mapping
from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db import transaction

_READ = (
    "workflows_app.view_process",
    "workflows_app.view_product",
    "workflows_app.view_schedule",
    "workflows_app.view_subscription",
    "workflows_app.view_workflow",
)
_OPERATE = (
    "callbacks_app.answer_callback",
    "workflows_app.abort_process",
    "workflows_app.change_process",
    "workflows_app.resume_process",
    "workflows_app.retry_process",
    "workflows_app.start_process",
)
_ADMINISTER = (
    "workflows_app.add_schedule",
    "workflows_app.change_schedule",
    "workflows_app.delete_process",
    "workflows_app.delete_schedule",
    "workflows_app.lock_subscription",
    "workflows_app.pause_engine",
    "workflows_app.repair_process",
    "workflows_app.share_filter",
)

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "Readers": _READ,
    "Operators": (*_READ, *_OPERATE),
    "Administrators": (*_READ, *_OPERATE, *_ADMINISTER),
}


@transaction.atomic
def create_roles() -> Mapping[str, int]:
    """Make the groups, and return how many permissions each was missing."""
    return {name: _grant(name, wanted) for name, wanted in ROLES.items()}


def _grant(name: str, wanted: tuple[str, ...]) -> int:
    group, _ = Group.objects.get_or_create(name=name)
    held = {*group.permissions.values_list("content_type__app_label", "codename")}
    missing = [(app, code) for app, code in (label.split(".") for label in wanted)]
    missing = [one for one in missing if one not in held]
    for app, code in missing:
        group.permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
    return len(missing)
