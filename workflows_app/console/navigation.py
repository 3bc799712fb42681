"""Where an operator can go: the menus, and the pages above a page.

Addresses are looked up by name; a name that the site does not have is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
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
# The page above a page. Whatever its address names that the one above needs too is passed on.
ABOVE: Mapping[str, tuple[str, Label]] = {
    "workflows:process": ("workflows:processes", _("Processes")),
    "workflows:many": ("workflows:processes", _("Processes")),
    "workflows:many_do": ("workflows:processes", _("Processes")),
    "workflows:many_done": ("workflows:processes", _("Processes")),
    **{
        f"workflows:{action}": ("workflows:process", _("Process"))
        for action in ("form", "resume", "retry", "skip", "edit", "abort", "note", "delete")
    },
    "workflows:subscription": ("workflows:subscriptions", _("Subscriptions")),
    "workflows:add_webhook": ("workflows:notifications", _("Notifications")),
    "workflows:set_in_sync": ("workflows:subscription", _("Subscription")),
    "workflows:product": ("workflows:products", _("Products")),
    "workflows:start": ("workflows:startable", _("Start")),
    "workflows:notifications": ("workflows:notices", _("Notices")),
    "workflows:workflow": ("workflows:workflows", _("Workflows")),
    "workflows:schedule": ("workflows:schedules", _("Schedules")),
    "workflows:schedule_choose": ("workflows:schedules", _("Schedules")),
    "workflows:schedule_set_up": ("workflows:schedule_choose", _("New schedule")),
    **{
        f"workflows:schedule_{act}": ("workflows:schedule", _("Schedule"))
        for act in ("edit", "run", "pause", "unpause", "delete")
    },
    **{f"workflows:{action}": ("workflows:engine", _("Engine")) for action in ("pause", "unpause")},
    "callback_console:callback": ("callback_console:callbacks", _("Callbacks")),
    **{
        f"callback_console:{action}": ("callback_console:callback", _("Callback"))
        for action in ("complete", "fail", "cancel", "extend", "adopt", "reveal")
    },
}


def links(request: HttpRequest, places: Sequence[Place]) -> list[Link]:
    """Return the places that the user may go to."""
    view = _view(request)
    above = {name for name, _label in _ancestors(view)}
    found = []
    for place in places:
        if place.permission and not request.user.has_perm(place.permission):
            continue
        if url := _url(place.view, {}):
            here = "page" if place.view == view else "true" if place.view in above else ""
            found.append(Link(place.label, url, here, place.view))
    return found


def trail(request: HttpRequest) -> list[Link]:
    """Return the pages above this one, the nearest last."""
    match = request.resolver_match
    arguments = match.kwargs if match else {}
    found = [
        Link(label, url)
        for name, label in _ancestors(_view(request))
        if (url := _url(name, arguments))
    ]
    return found[::-1]


def _ancestors(view: str) -> Iterator[tuple[str, Label]]:
    while view in ABOVE:
        view, label = ABOVE[view]
        yield view, label


def _view(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _url(view: str, arguments: Mapping[str, Any]) -> str:
    """Return the address of a page, with those of the arguments that it takes; "" if none fits."""
    identities = {name: value for name, value in arguments.items() if name.endswith("_id")}
    for taken in ({}, *({name: value} for name, value in identities.items())):
        try:
            return reverse(view, kwargs=taken)
        except NoReverseMatch:
            continue
    return ""
