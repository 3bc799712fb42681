"""What the reader was told: the bell on every page, and the list behind it."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext as _
from django.views.decorators.http import require_GET

from workflows_app.console.filters import Chip
from workflows_app.console.pages import console_view, fragment_view, page, tag_of, unchanged
from workflows_app.console.sentences import LOOKS, Look
from workflows_app.console.unsent import post_only
from workflows_app.models import Delivery
from workflows_app.notices.inbox import MOST, Resolution, inbox, mark_read, resolutions, unread
from workflows_app.notices.wording import headline

SIZE = 50
NEWS = 3  # How many of the newest a page may still have to show.
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Line:
    """One notice in the list."""

    delivery: Delivery
    look: Look
    headline: str
    resolution: Resolution | None

    @property
    def new(self) -> bool:
        """Whether it is unread, and there is still something to it."""
        return self.delivery.read_at is None and self.resolution is None

    @property
    def since(self) -> str:
        """What has become of the process, if it is no longer as the notice says."""
        told, status = self.delivery.notice, self.delivery.notice.process.status
        return str(LOOKS[status].word) if status != told.status else ""


@console_view
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """Show what the reader was told, the newest first."""
    only_new, before = request.GET.get("show") == "unread", _id(request.GET.get("before", ""))
    rows = unread(request.user) if only_new else inbox(request.user)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: SIZE + 1])
    shown = found[:SIZE]
    context = {
        "title": _("Notices"),
        "lines": _lines(shown),
        "chips": _chips(only_new=only_new),
        "only_new": only_new,
        "newest": shown[0].pk if shown else None,
        "older": shown[-1].pk if len(found) > SIZE else None,
        "before": before,
    }
    return page(request, "workflows/notices.html", context)


@fragment_view
@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """Return how many notices are unread, and the newest; 304 if the browser shows them."""
    found = list(unread(request.user).order_by("-pk")[:MOST])
    tag = tag_of([row.pk for row in found], get_language())
    if not_modified := unchanged(request, tag):
        return not_modified
    count = f"{MOST - 1}+" if len(found) == MOST else len(found)
    news = [(row, headline(row.notice)) for row in found[:NEWS]]
    context = {"count": count, "news": news[::-1], "tag": tag}
    response = render(request, "workflows/bell_now.html", context)
    response["ETag"] = f'"{tag}"'
    return response


@console_view
@require_GET
def notice(request: HttpRequest, *, notice_id: int) -> HttpResponse:
    """Lead to the process that a notice is about; it is read with that."""
    found = inbox(request.user).filter(pk=notice_id).first() if notice_id <= _LARGEST_ID else None
    if found is None:
        raise Http404
    mark_read(request.user, only=found.pk)
    return redirect(found.notice.process)


@console_view
@post_only
def read(request: HttpRequest) -> HttpResponse:
    """Mark as read what the page showed, and what is older."""
    mark_read(request.user, up_to=_id(request.POST.get("up_to", "")))
    return redirect("workflows:notices")


def _lines(rows: list[Delivery]) -> list[Line]:
    resolved = resolutions(rows)
    return [
        Line(row, LOOKS[row.notice.status], headline(row.notice), resolved.get(row.pk))
        for row in rows
    ]


def _chips(*, only_new: bool) -> list[Chip]:
    address = reverse("workflows:notices")
    return [
        Chip(_("All"), address, on=not only_new),
        Chip(_("Unread"), f"{address}?show=unread", on=only_new),
    ]


def _id(text: Any) -> int:
    """Return the id that an address or a form names; 0 if it names none."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
    return number if number <= _LARGEST_ID else 0
