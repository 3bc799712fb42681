"""What is around every page: the menus, the way back, and how much waits for the reader."""

from typing import Any

from django import template
from django.template import RequestContext

from workflows_app import policy
from workflows_app.console import navigation
from workflows_app.console.navigation import Link
from workflows_app.console.needs import badge

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
def needs_you(context: RequestContext) -> dict[str, Any] | None:
    """Return how many forms wait for the reader; None for who may answer none."""
    user = context["request"].user
    may_answer = user.has_perm(policy.PERMISSIONS["view"]) and user.has_perm(
        policy.PERMISSIONS["resume"]
    )
    return badge(user) if may_answer else None
