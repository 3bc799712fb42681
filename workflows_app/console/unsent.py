"""What was sent and not taken: nothing was done, and the page offers to send it again."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from workflows_app.console.pages import page


def older_than_login(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse what comes from a page that is older than the login; the setting CSRF_FAILURE_VIEW."""
    why = _(
        "The page that this was sent from is older than your last login, or your browser refuses"
        " cookies. Nothing was done."
    )
    return _not_sent(request, why, status=403)


def post_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let a view take what forms send; whoever comes there by a login is told to send it again."""

    @wraps(view)
    def taken(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        if request.method == "POST":
            return view(request, **arguments)
        why = _("Nothing was sent to this address, so nothing was done.")
        response = _not_sent(request, why, status=405)
        response["Allow"] = "POST"
        return response

    return taken


def _not_sent(request: HttpRequest, why: str, *, status: int) -> HttpResponse:
    context = {"title": _("Not sent"), "why": why, "older_than_login": status == 403}
    return page(request, "workflows/not_sent.html", context, status=status)
