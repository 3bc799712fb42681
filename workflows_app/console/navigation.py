"""Where an operator can go: the menus, and the pages above a page.

Addresses are looked up by name; a name that the site does not have is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from workflows_app import policy

Label = str | Promise
_VIEW = policy.PERMISSIONS["view"]


@dataclass(frozen=True, slots=True)
class Place:
    """A page that a menu leads to, and the permission that it asks for."""

    view: str
    label: Label
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A place as it is shown: ``here`` is "page" on it, "true" on a page below it."""

    label: Label
    url: str
    here: str = ""
    view: str = ""


MAIN = (
    Place("workflows:home", _("Home"), _VIEW),
    Place("workflows:processes", _("Processes"), _VIEW),
    Place("workflows:subscriptions", _("Subscriptions"), "workflows_app.view_subscription"),
    Place("workflows:startable", _("Start"), _VIEW),
)
MORE = (
    Place("workflows:products", _("Products"), "workflows_app.view_product"),
    Place("workflows:workflows", _("Workflows"), _VIEW),
    Place("workflows:schedules", _("Schedules"), policy.PERMISSIONS["see schedules"]),
    Place("callback_console:callbacks", _("Callbacks"), _VIEW),
    Place("workflows:action_log", _("Action log"), _VIEW),
    Place("workflows:engine", _("Engine"), _VIEW),
    Place("admin:index", _("Registers")),
)
OWN = (
    Place("workflows:preferences", _("Preferences")),
    Place("workflows:notifications", _("Notifications"), _VIEW),
)
MENUS: Mapping[str, Sequence[Place]] = {"main": MAIN, "more": MORE, "own": OWN}
# What the pages that others stand below are called; the page of a thing, by what it is.
_LABELS: Mapping[str, Label] = {
    **{place.view: place.label for places in MENUS.values() for place in places},
    "workflows:process": _("Process"),
    "workflows:subscription": _("Subscription"),
    "workflows:product": _("Product"),
    "workflows:workflow": _("Workflow"),
    "workflows:schedule": _("Schedule"),
    "workflows:schedule_choose": _("New schedule"),
    "workflows:notices": _("Notices"),
    "callback_console:callback": _("Callback"),
}
# The page above one whose address does not say so.
_ABOVE: Mapping[str, str] = {"workflows:notifications": "workflows:notices"}


def links(request: HttpRequest, places: Sequence[Place]) -> list[Link]:
    """Return the places that the user may go to."""
    view = _view(request)
    above = {link.view for link in trail(request)}
    found = []
    for place in places:
        if place.permission and not request.user.has_perm(place.permission):
            continue
        if url := _url(place.view):
            here = "page" if place.view == view else "true" if place.view in above else ""
            found.append(Link(place.label, url, here, place.view))
    return found


def trail(request: HttpRequest) -> list[Link]:
    """Return the pages above this one, the nearest last: those whose addresses begin its own."""
    root = reverse("admin:index")
    if not request.path_info.startswith(root):
        return []
    if above := _ABOVE.get(_view(request)):
        return [Link(_LABELS[above], _url(above), view=above)]
    steps = request.path_info.removeprefix(root).strip("/").split("/")[:-1]
    addresses = (f"{root}{'/'.join(steps[: number + 1])}/" for number in range(len(steps)))
    return [link for address in addresses if (link := _page(address))]


def _page(address: str) -> Link | None:
    """Return the link to the page at the address, if it is one that others stand below."""
    try:
        view = resolve(address).view_name
    except Resolver404:
        return None
    return Link(_LABELS[view], address, view=view) if view in _LABELS else None


def _view(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _url(view: str) -> str:
    """Return the address of a page; "" if the site does not have it."""
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""
