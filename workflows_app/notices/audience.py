"""Who hears of a notice, and on which channels.

Of what needs input hear only those who may answer: the members of the group it waits for, whoever
started the process, and those who chose to hear of everything. Nobody is told what they did
themselves, or of a process that they may not see.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from workflows_app import policy
from workflows_app.models import Channel, Notice, NoticeChoice, NoticeKind, Process, Scope
from workflows_app.notices.choices import default, scope_of
from workflows_app.statuses import ProcessStatus


class Audience:
    """The people of this site, as they are during one round of handing out."""

    def __init__(self) -> None:
        self._choices: dict[str, dict[int, NoticeChoice]] = defaultdict(dict)
        for choice in NoticeChoice.objects.select_related("user"):
            self._choices[choice.kind][choice.user_id] = choice
        self._members = cache(_members)
        self._starter = cache(_starter)

    def of(self, notice: Notice) -> Iterator[tuple[Any, Channel]]:
        """Yield each person who hears of ``notice``, with each channel they chose for it."""
        process = notice.process
        if notice.kind == NoticeKind.NEEDS_INPUT and process.status != ProcessStatus.SUSPENDED:
            return  # Somebody was faster.
        members = self._members(frozenset(_groups(notice)))
        for choice in self._candidates(notice, members):
            user = choice.user
            reasons = {Scope.ALL}
            if user.get_username() == process.created_by:
                reasons |= {Scope.STARTED, Scope.MINE}
            if user.pk in members:
                reasons.add(Scope.MINE)
            channels = [one for one in Channel if scope_of(choice, one) in reasons]
            if channels and _concerns(notice, choice) and may_hear(user, notice):
                yield from ((user, channel) for channel in channels)

    def _candidates(self, notice: Notice, members: dict[int, Any]) -> list[NoticeChoice]:
        """Return the choices to look at: all that were made, and the default of those concerned."""
        made = self._choices[notice.kind]
        concerned = members | self._starter(notice.process.created_by)
        undecided = [default(user, notice.kind) for pk, user in concerned.items() if pk not in made]
        return [*made.values(), *undecided]


def may_hear(user: Any, notice: Notice) -> bool:
    """Return whether the person may be told, and if an answer is asked for, may give it."""
    if not user.is_active or not user.has_perm(policy.PERMISSIONS["view"]):
        return False
    return notice.kind != NoticeKind.NEEDS_INPUT or policy.may(user, "resume", notice.process)


def _concerns(notice: Notice, choice: NoticeChoice) -> bool:
    mine = bool(notice.by) and choice.user.get_username() == notice.by
    return not mine and (choice.tasks or not notice.process.is_task)


def _groups(notice: Notice) -> set[str]:
    """Return the groups whose process this is: asked now, or somewhere on its way."""
    if notice.kind == NoticeKind.NEEDS_INPUT:
        return {notice.assignee} - {""}
    return _assignees(notice.process)


def _assignees(process: Process) -> set[str]:
    return {entry.get("assignee") or "" for entry in process.definition} - {""}


def _members(groups: frozenset[str]) -> dict[int, Any]:
    if not groups:
        return {}
    users = get_user_model().objects.filter(groups__in=Group.objects.filter(name__in=groups))
    return {user.pk: user for user in users.distinct()}


def _starter(name: str) -> dict[int, Any]:
    field = get_user_model().USERNAME_FIELD
    return {user.pk: user for user in get_user_model().objects.filter(**{field: name})}
