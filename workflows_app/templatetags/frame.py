"""What is around every page: the menus, the way back, and how much waits for the reader."""

from typing import Any

from django import template
from django.template import RequestContext
from django.utils.functional import Promise

from workflows_app import policy
from workflows_app.console import navigation
from workflows_app.console.navigation import Link
from workflows_app.console.needs import badge
from workflows_app.console.preferences import preferences_of
from workflows_app.console.shortcuts import Bound, shortcuts

register = template.Library()


@register.simple_tag(takes_context=True)
def menu(context: RequestContext, name: str) -> list[Link]:
    """Return the links of one of the header's menus."""
    return navigation.links(context["request"], navigation.MENUS[name])


@register.simple_tag(takes_context=True)
def trail(context: RequestContext) -> list[Link]:
    """Return the pages above this one."""
    return navigation.trail(context["request"])


@register.simple_tag(takes_context=True)
def keyboard(context: RequestContext) -> list[tuple[str | Promise, list[Bound]]]:
    """Return the shortcuts by group."""
    return list(shortcuts(context["request"]))


@register.simple_tag(takes_context=True)
def wants_shortcuts(context: RequestContext) -> bool:
    """Return whether the reader has not switched the shortcuts off."""
    return preferences_of(context["request"]).shortcuts


@register.simple_tag(takes_context=True)
def needs_you(context: RequestContext) -> dict[str, Any] | None:
    """Return how many forms wait for the reader; None for who may answer none."""
    user = context["request"].user
    may_answer = user.has_perm(policy.PERMISSIONS["view"]) and user.has_perm(
        policy.PERMISSIONS["resume"]
    )
    return badge(user) if may_answer else None
