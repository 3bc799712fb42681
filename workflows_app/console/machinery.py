"""The engine page: pause it, let it go on, and see who works."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_GET

from workflows_app import engine, policy
from workflows_app.console.engine_view import EngineView
from workflows_app.console.pages import (
    console_view,
    fragment_view,
    page,
    posted,
    unchanged,
    username,
)
from workflows_app.models import Process
from workflows_app.statuses import ProcessStatus


@console_view
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Show whether the engine is paused, and what each worker runs."""
    context = {"title": _("Engine"), **_context(request)}
    return page(request, "workflows/engine.html", context)


@fragment_view
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """Return the page without its frame; 304 if the browser has it."""
    context = _context(request)
    tag = context["view"].tag
    not_modified = unchanged(request, tag)
    if not_modified:
        return not_modified
    response = render(request, "workflows/engine_live.html", context)
    response["ETag"] = f'"{tag}"'
    return response


@console_view
def pause(request: HttpRequest) -> HttpResponse:
    """Name what a pause leads to; by POST, stop claiming on every host."""
    policy.require_pause(request.user)
    if request.method != "POST":
        return _confirm(request, pausing=True)
    return _switch(request, engine.pause, _("The engine is paused."))


@console_view
def unpause(request: HttpRequest) -> HttpResponse:
    """Name what going on leads to; by POST, act on what became due meanwhile."""
    policy.require_pause(request.user)
    if request.method != "POST":
        return _confirm(request, pausing=False)
    return _switch(request, engine.unpause, _("The engine runs."))


def _context(request: HttpRequest) -> dict[str, Any]:
    return {"view": EngineView(timezone.now()), "may_pause": policy.may_pause(request.user)}


def _switch(request: HttpRequest, verb: Callable[..., None], said: str) -> HttpResponse:
    verb(by=username(request), reason=posted(request, "reason"))
    messages.success(request, said)
    return redirect("workflows:engine")


def _confirm(request: HttpRequest, *, pausing: bool) -> HttpResponse:
    view = EngineView(timezone.now())
    if view.paused == pausing:
        messages.info(request, _("The engine is paused.") if pausing else _("The engine runs."))
        return redirect("workflows:engine")
    context = {
        "title": _("Pause the engine") if pausing else _("Let the engine go on"),
        "pausing": pausing,
        "consequence": _pausing(view) if pausing else _going_on(view),
        "pause": view.settings,
    }
    return page(request, "workflows/engine_switch.html", context)


def _pausing(view: EngineView) -> list[str]:
    parked = Process.objects.filter(
        status__in=[ProcessStatus.SUSPENDED, ProcessStatus.AWAITING_CALLBACK]
    ).count()
    return [
        _running(len(view.running)),
        _("Nothing new is claimed, on every host, until somebody lets the engine go on."),
        _queued(view),
        ngettext(
            "%(count)s process waits for a form or a callback: answers are accepted and kept, and "
            "acted on afterwards.",
            "%(count)s processes wait for a form or a callback: answers are accepted and kept, and "
            "acted on afterwards.",
            parked,
        )
        % {"count": parked},
    ]


def _going_on(view: EngineView) -> list[str]:
    sentences = [_queued(view), _("Callbacks that expired during the pause can still be answered.")]
    if not view.alive:
        sentences.append(_("No worker is heard of, so nothing will run until one is started."))
    return sentences


def _running(count: int) -> str:
    if not count:
        return _("No step runs now.")
    sentence = ngettext(
        "%(count)s step runs now and finishes; what follows it waits.",
        "%(count)s steps run now and finish; what follows them waits.",
        count,
    )
    return sentence % {"count": count}


def _queued(view: EngineView) -> str:
    if view.oldest is None:
        return _("Nothing waits in the queue.")
    return _("Waiting in the queue: %(count)s. They start when the engine goes on.") % {
        "count": view.queued
    }
