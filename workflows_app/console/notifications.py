"""The page on which people choose what they hear of, and how."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from workflows_app.console.pages import console_view, page
from workflows_app.models import Channel, Delivery, NoticeKind, Scope, WebhookEndpoint
from workflows_app.notices import choices, emails
from workflows_app.notices.wording import headline
from workflows_app.sealing import unseal

LAST = 20  # Deliveries shown.
FRESH = "fresh_webhook"  # In the session, sealed, until it was shown.


@dataclass(frozen=True, slots=True)
class Cell:
    """One choice of the matrix."""

    name: str
    label: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Row:
    """What is chosen for one kind of notice."""

    kind: str
    label: str
    cells: list[Cell]
    tasks: bool


@console_view
@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: HttpRequest) -> HttpResponse:
    """Show the reader's choices, endpoints and last deliveries; by POST, keep new choices."""
    if request.method != "POST":
        return show(request)
    if not all(request.POST.get(_name(k, c)) in Scope.values for k in NoticeKind for c in Channel):
        return show(request, trouble=_("Choose one of the list for each."))
    for kind in NoticeKind:
        scopes = {channel: Scope(request.POST[_name(kind, channel)]) for channel in Channel}
        choices.choose(request.user, kind, scopes=scopes, tasks=f"{kind}-tasks" in request.POST)
    messages.success(request, _("Your choices are saved."))
    return redirect("workflows:notifications")


def show(
    request: HttpRequest, *, trouble: str = "", given: dict[str, str] | None = None
) -> HttpResponse:
    """Render the page; ``trouble`` says what was wrong with what was sent."""
    context = {
        "title": _("Notifications"),
        "channels": Channel.labels,
        "rows": _rows(request.user),
        "scopes": Scope.choices,
        "endpoints": WebhookEndpoint.objects.filter(user=request.user.pk).order_by("pk"),
        "fresh": _fresh_secret(request),
        "email_available": emails.available(),
        "deliveries": _deliveries(request.user),
        "trouble": trouble,
        "given": given or {},
    }
    return page(request, "workflows/notifications.html", context, status=400 if trouble else 200)


def _rows(user: Any) -> list[Row]:
    return [
        Row(
            kind,
            str(NoticeKind(kind).label),
            [Cell(_name(kind, c), str(c.label), choices.scope_of(choice, c)) for c in Channel],
            choice.tasks,
        )
        for kind, choice in choices.choices_of(user).items()
    ]


def _deliveries(user: Any) -> list[tuple[Delivery, str]]:
    """Return the last e-mails and webhooks, each with the sentence it told."""
    rows = Delivery.objects.filter(user=user, channel__in=[Channel.EMAIL, Channel.WEBHOOK])
    rows = rows.select_related("notice__process__workflow", "endpoint").order_by("-pk")
    rows = rows.defer("notice__process__definition", "notice__process__failed_reason")
    return [(row, headline(row.notice)) for row in rows[:LAST]]


def _fresh_secret(request: HttpRequest) -> dict[str, Any] | None:
    """Return the secret that was just made, once."""
    fresh = request.session.pop(FRESH, None)
    return {"endpoint": fresh["endpoint"], "secret": unseal(fresh["secret"])} if fresh else None


def _name(kind: str, channel: str) -> str:
    return f"{kind}-{channel}"
