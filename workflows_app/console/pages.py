"""What every page of the console shares: who may see it, refusals in words, and entity tags."""

from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any

from django.contrib import admin, messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language, gettext as _, gettext_noop as marked

from workflows_app import policy
from workflows_app.errors import (
    NotAllowed,
    UnknownProcess,
    UnknownSchedule,
    UnknownSubscription,
    WorkflowError,
)

View = Callable[..., HttpResponseBase]
STOP_POLLING = 286


def console_view(view: View) -> View:
    """Ask for a staff login and the right to look; say in words why something is refused."""
    return view_for(policy.PERMISSIONS["view"], marked("look at processes"))(view)


def view_for(permission: str, what: str) -> Callable[[View], View]:
    """Return what makes views that ask for a staff login and ``permission``, to do ``what``.

    Args:
        what: an infinitive, marked for translation.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                return refused(request, _("you may not %(what)s") % {"what": _(what)}, status=403)
            try:
                return view(request, **arguments)
            except (UnknownProcess, UnknownSchedule, UnknownSubscription) as error:
                raise Http404(str(error)) from error
            except NotAllowed as error:
                return refused(request, str(error), status=403)
            except WorkflowError as error:
                return _say_and_go_back(request, error, arguments)

        return admin.site.admin_view(guarded)

    return decorate


def fragment_view(view: View) -> View:
    """Make a view for htmx to poll."""
    return polled(console_view(view))


def polled(guarded: View) -> View:
    """Make a guarded view one to poll. Whoever has logged out meanwhile keeps the page as it is."""

    @wraps(guarded)
    def answered(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        if admin.site.has_permission(request):
            return guarded(request, **arguments)
        response = render(request, "workflows/logged_out.html", status=STOP_POLLING)
        response["HX-Retarget"], response["HX-Reswap"] = "#live-note", "innerHTML"
        return response

    return answered


def page(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a whole page with what the admin's base template needs."""
    return render(request, template, admin.site.each_context(request) | context, status=status)


def refused(request: HttpRequest, why: str, *, status: int) -> HttpResponse:
    """Render a page that only says why not."""
    context = {"title": _("Refused"), "why": why, "denied": status == 403}
    return page(request, "workflows/refused.html", context, status=status)


def tag_of(*facts: object) -> str:
    """Return an entity tag, without its quotes, for what a fragment would show its reader."""
    reader = (get_language(), get_current_timezone_name())
    return blake2b(repr((reader, *facts)).encode(), digest_size=12).hexdigest()


def unchanged(request: HttpRequest, tag: str) -> HttpResponse | None:
    """Return 304 if the browser's fragment is the one of ``tag``.

    Source: RFC 9110 §13.1.2 (If-None-Match).
    """
    if request.headers.get("If-None-Match") != f'"{tag}"':
        return None
    return HttpResponseNotModified(headers={"ETag": f'"{tag}"'})


def username(request: HttpRequest) -> str:
    """Return who acts."""
    return request.user.get_username()


def posted(request: HttpRequest, name: str, *, longest: int = 500) -> str:
    """Return a line that was typed, without what a database cannot store."""
    return request.POST.get(name, "").replace("\0", "").strip()[:longest]


def sentence(error: Exception) -> str:
    """Return an error as a message reads: with a capital, and with one full stop."""
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _say_and_go_back(
    request: HttpRequest, error: WorkflowError, arguments: dict[str, Any]
) -> HttpResponse:
    target = reverse("workflows:processes")
    for what in ("process", "subscription", "schedule"):
        if identity := arguments.get(f"{what}_id"):
            target = reverse(f"workflows:{what}", args=[identity])
    if request.path == target:
        return refused(request, str(error), status=409)
    messages.error(request, sentence(error))
    return redirect(target)
