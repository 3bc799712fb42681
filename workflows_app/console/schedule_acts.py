"""What an operator does to a schedule: the consequence first, then the deed."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy, gettext_noop as marked

from workflows_app import policy, registry, schedules
from workflows_app.console.pages import page, posted, sentence, view_for
from workflows_app.engine.starting import LONGEST_KEY
from workflows_app.errors import UnknownWorkflow, WorkflowError
from workflows_app.models import Process, Schedule

_CHANGE, _DELETE = policy.PERMISSIONS["change schedules"], policy.PERMISSIONS["delete schedules"]


@dataclass(frozen=True, slots=True)
class Words:
    """How an act is offered, and what it will do."""

    title: Any
    consequences: tuple[Any, ...]
    tone: str = "default"
    permission: str = _CHANGE
    starts: bool = False  # Whether it takes the right to start the workflow.


@dataclass(frozen=True, slots=True)
class Offer:
    """An act that can be done now."""

    title: Any
    url: str
    tone: str


ACTS: Mapping[str, Words] = {
    "run": Words(
        gettext_lazy("Run now"),
        (
            gettext_lazy("The workflow is started at once, in your name and with your rights."),
            gettext_lazy("The schedule's next time stays as it is."),
        ),
        permission=policy.PERMISSIONS["see schedules"],
        starts=True,
    ),
    "pause": Words(
        gettext_lazy("Pause"),
        (
            gettext_lazy("Nothing is started until somebody lets the schedule go on."),
            gettext_lazy("Times that pass meanwhile are not made up for."),
            gettext_lazy("A process that it has started goes on."),
        ),
        tone="quiet",
    ),
    "unpause": Words(
        gettext_lazy("Go on"),
        (gettext_lazy("The workflow is started at the schedule's next time."),),
        starts=True,
    ),
    "delete": Words(
        gettext_lazy("Delete"),
        (
            gettext_lazy("The schedule is gone for good; pause it if it may be needed again."),
            gettext_lazy("The processes that it has started stay."),
        ),
        tone="danger",
        permission=_DELETE,
    ),
}


def offers(user: Any, schedule: Schedule) -> list[Offer]:
    """Return what ``user`` can do to the schedule now, in the order shown."""
    found = [
        Offer(words.title, reverse(f"workflows:schedule_{act}", args=[schedule.pk]), words.tone)
        for act, words in ACTS.items()
        if _fits(act, schedule) and _may(user, words, schedule)
    ]
    if user.has_perm(_CHANGE) and _may_start(user, schedule):
        edit = reverse("workflows:schedule_edit", args=[schedule.pk])
        found.insert(1, Offer(_("Change"), edit, "quiet"))
    return found


@view_for(policy.PERMISSIONS["see schedules"], marked("see schedules"))
def act(request: HttpRequest, *, schedule_id: UUID, action: str) -> HttpResponse:
    """Name the consequence of an act; by POST, do it."""
    schedule = schedules.found(schedule_id)
    if request.method != "POST":
        return _confirm(request, schedule, action)
    try:
        done = _DEEDS[action](request, schedule)
    except WorkflowError as error:
        return _confirm(request, schedule, action, trouble=sentence(error))
    return done


def _confirm(
    request: HttpRequest, schedule: Schedule, action: str, *, trouble: str = ""
) -> HttpResponse:
    context = {
        "title": f"{ACTS[action].title} · {schedule.name}",
        "schedule": schedule,
        "words": ACTS[action],
        "trouble": trouble,
        "reason": posted(request, "reason"),
        "key": posted(request, "key") or uuid.uuid4(),
    }
    return page(request, "workflows/schedule_act.html", context, status=409 if trouble else 200)


def _run(request: HttpRequest, schedule: Schedule) -> HttpResponse:
    process: Process = schedules.run_now(
        schedule.pk,
        user=request.user,
        key=posted(request, "key", longest=LONGEST_KEY) or None,
        reason=posted(request, "reason"),
    )
    return redirect(process)


def _pause(request: HttpRequest, schedule: Schedule) -> HttpResponse:
    schedules.pause(schedule.pk, user=request.user, reason=posted(request, "reason"))
    messages.success(request, _("The schedule is paused."))
    return redirect("workflows:schedule", schedule_id=schedule.pk)


def _unpause(request: HttpRequest, schedule: Schedule) -> HttpResponse:
    now = schedules.unpause(schedule.pk, user=request.user, reason=posted(request, "reason"))
    if now.is_over:
        messages.warning(request, _("The schedule is over: its time passed during the pause."))
    else:
        messages.success(request, _("The schedule goes on."))
    return redirect("workflows:schedule", schedule_id=schedule.pk)


def _delete(request: HttpRequest, schedule: Schedule) -> HttpResponse:
    schedules.delete(schedule.pk, user=request.user, reason=posted(request, "reason"))
    messages.success(request, _("The schedule %(name)s is deleted.") % {"name": schedule.name})
    return redirect("workflows:schedules")


_DEEDS: Mapping[str, Callable[[HttpRequest, Schedule], HttpResponse]] = {
    "run": _run,
    "pause": _pause,
    "unpause": _unpause,
    "delete": _delete,
}


def _fits(act: str, schedule: Schedule) -> bool:
    paused = schedule.paused_at is not None
    return {"pause": not paused and not schedule.is_over, "unpause": paused}.get(act, True)


def _may(user: Any, words: Words, schedule: Schedule) -> bool:
    return user.has_perm(words.permission) and (not words.starts or _may_start(user, schedule))


def _may_start(user: Any, schedule: Schedule) -> bool:
    try:
        return policy.may_start(user, registry.get(schedule.workflow))
    except UnknownWorkflow:
        return False
