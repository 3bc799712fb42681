"""The engine page: pause it, let it go on, and see who works."""

from collections import defaultdict
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from workflows_app import engine, policy
from workflows_app.console.pages import console_view, page, posted, username
from workflows_app.models import Process, ProcessEvent, Worker
from workflows_app.statuses import ProcessStatus

SILENT = timedelta(seconds=30)  # A worker says every few seconds that it is alive.


@console_view
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Show whether the engine is paused, and what each worker runs."""
    running: dict[str, list[Process]] = defaultdict(list)
    claimed = Process.objects.filter(status=ProcessStatus.RUNNING).exclude(worker="")
    for process in claimed.select_related("workflow").order_by("pk"):
        running[process.worker].append(process)
    now = timezone.now()
    workers = [
        {"row": row, "runs": running.pop(row.name, []), "silent": now - row.seen_at > SILENT}
        for row in Worker.objects.order_by("host", "pid")
    ]
    context = {
        "title": "Engine",
        "workers": workers,
        "orphans": [process for processes in running.values() for process in processes],
        "may_pause": policy.may_pause(request.user),
        "events": ProcessEvent.objects.filter(
            process=None, action__in=["engine paused", "engine unpaused"]
        ).order_by("-at", "-pk")[:10],
    }
    return page(request, "workflows/engine.html", context)


@console_view
@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    """Stop claiming, on every host."""
    policy.require_pause(request.user)
    engine.pause(by=username(request), reason=posted(request, "reason"))
    messages.success(request, "The engine is paused.")
    return redirect("workflows:engine")


@console_view
@require_POST
def unpause(request: HttpRequest) -> HttpResponse:
    """Act on what became due meanwhile."""
    policy.require_pause(request.user)
    engine.unpause(by=username(request), reason=posted(request, "reason"))
    messages.success(request, "The engine runs.")
    return redirect("workflows:engine")
