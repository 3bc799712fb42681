"""What people do to their webhook endpoints, from the page of their choices."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from workflows_app.console.notifications import FRESH, show
from workflows_app.console.pages import console_view, posted, sentence
from workflows_app.console.unsent import post_only
from workflows_app.errors import EndpointRefused, UnknownEndpoint
from workflows_app.models import Delivery, WebhookEndpoint
from workflows_app.notices import endpoints
from workflows_app.sealing import seal

_LARGEST_ID = 2**63 - 1


@console_view
@post_only
def add(request: HttpRequest) -> HttpResponse:
    """Add an endpoint; the page shows its secret once."""
    given = {
        "name": posted(request, "name", longest=100),
        "url": posted(request, "url", longest=2001),
    }
    try:
        endpoint, secret = endpoints.add(request.user, **given)
    except EndpointRefused as error:
        return show(request, trouble=sentence(error), given=given)
    _keep(request, endpoint, secret)
    messages.success(request, _("Added. Send a test to see whether it answers."))
    return redirect("workflows:notifications")


@console_view
@post_only
def act(request: HttpRequest, *, endpoint_id: int, deed: str) -> HttpResponse:
    """Do ``deed`` to an endpoint of the reader's own."""
    try:
        endpoint = endpoints.found(request.user, endpoint_id)
    except UnknownEndpoint as error:
        raise Http404(str(error)) from error
    DEEDS[deed](request, endpoint)
    return redirect("workflows:notifications")


@console_view
@post_only
def try_again(request: HttpRequest, *, delivery_id: int) -> HttpResponse:
    """Try once more what was given up."""
    mine = Delivery.objects.filter(user=request.user.pk)
    delivery = mine.filter(pk=delivery_id).first() if delivery_id <= _LARGEST_ID else None
    if delivery is None:
        raise Http404
    if endpoints.try_again(delivery):
        messages.success(request, _("It is tried again."))
    return redirect("workflows:notifications")


def _test(request: HttpRequest, endpoint: WebhookEndpoint) -> None:
    result = endpoints.test(endpoint)
    said = {"name": endpoint.name, "result": _(result.text)}
    if result.delivered:
        messages.success(request, _("%(name)s works: %(result)s.") % said)
    else:
        messages.error(request, _("%(name)s does not work: %(result)s.") % said)


def _rotate(request: HttpRequest, endpoint: WebhookEndpoint) -> None:
    _keep(request, endpoint, endpoints.rotate(endpoint))
    messages.success(request, _("There is a new secret. The former one signs as well for a day."))


def _enable(request: HttpRequest, endpoint: WebhookEndpoint) -> None:
    endpoints.enable(endpoint, enabled=True)
    messages.success(request, _("Enabled."))


def _disable(request: HttpRequest, endpoint: WebhookEndpoint) -> None:
    endpoints.enable(endpoint, enabled=False)
    messages.success(request, _("Disabled. What was not delivered yet is dropped."))


def _delete(request: HttpRequest, endpoint: WebhookEndpoint) -> None:
    endpoints.delete(endpoint)
    messages.success(request, _("Deleted."))


DEEDS: Mapping[str, Callable[[HttpRequest, WebhookEndpoint], None]] = {
    "test": _test,
    "rotate": _rotate,
    "enable": _enable,
    "disable": _disable,
    "delete": _delete,
}


def _keep(request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> None:
    request.session[FRESH] = {"endpoint": endpoint.pk, "secret": seal(secret)}
