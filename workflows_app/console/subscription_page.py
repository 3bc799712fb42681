"""One subscription, the part of its page that is polled, and setting it in sync by hand."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from workflows_app import locks, policy
from workflows_app.console import subscription_words as words
from workflows_app.console.pages import page, posted, unchanged, username
from workflows_app.console.subscription_view import View
from workflows_app.console.subscription_words import Hold
from workflows_app.console.subscriptions import subscription_fragment, subscription_view
from workflows_app.errors import NotAllowed, SubscriptionLocked, UnknownSubscription
from workflows_app.models import Subscription


@subscription_view
@require_GET
def subscription(request: HttpRequest, *, subscription_id: UUID) -> HttpResponse:
    """Show a subscription."""
    view = _view(request, subscription_id)
    return page(request, "workflows/subscription.html", _context(view, view.row.version))


@subscription_fragment
@require_GET
def subscription_live(request: HttpRequest, *, subscription_id: UUID) -> HttpResponse:
    """Return the part of the page that changes by itself; 304 if the browser has it."""
    view = _view(request, subscription_id)
    not_modified = unchanged(request, view.tag)
    if not_modified:
        return not_modified
    given = request.GET.get("version", "")
    version = int(given) if given.isascii() and given.isdecimal() else view.row.version
    response = render(request, "workflows/subscription_live.html", _context(view, version))
    response["ETag"] = f'"{view.tag}"'
    return response


@subscription_view
def set_in_sync(request: HttpRequest, *, subscription_id: UUID) -> HttpResponse:
    """Name the consequence of setting a subscription in sync by hand; by POST, do it."""
    if not request.user.has_perm(policy.PERMISSIONS["set in sync"]):
        raise NotAllowed(_("you may not set subscriptions in sync"))
    row = _row(subscription_id)
    hold = words.hold(row)
    if hold is None:
        messages.info(request, _("It is in sync."))
        return redirect("workflows:subscription", subscription_id=subscription_id)
    if hold.at_work:
        raise SubscriptionLocked(locks.why_out_of_sync(row))
    reason = posted(request, "reason")
    if request.method != "POST" or not reason:
        return _confirm(request, row, hold)
    locks.set_in_sync(subscription_id, by=username(request), reason=reason)
    messages.success(request, _("The subscription is in sync."))
    return redirect("workflows:subscription", subscription_id=subscription_id)


def _confirm(request: HttpRequest, row: Subscription, hold: Hold) -> HttpResponse:
    missing = request.method == "POST"
    context = {
        "title": _("Set in sync"),
        "subscription": row,
        "hold": hold,
        "trouble": _("A reason is needed: it is kept in the action log.") if missing else "",
    }
    return page(request, "workflows/set_in_sync.html", context, status=400 if missing else 200)


def _view(request: HttpRequest, subscription_id: UUID) -> View:
    return View(_row(subscription_id), request.user, timezone.now())


def _context(view: View, version: int) -> dict[str, Any]:
    """Return what the templates need; ``version`` is the one whose blocks the page shows."""
    row = view.row
    return {"title": row.description, "view": view, "subscription": row, "version": version}


def _row(subscription_id: UUID) -> Subscription:
    rows = Subscription.objects.select_related("product", "locked_by__workflow")
    row = rows.filter(pk=subscription_id).first()
    if row is None:
        raise UnknownSubscription(subscription_id)
    return row


__all__ = ["set_in_sync", "subscription", "subscription_live"]
