"""Callbacks for templates: what became of them, never what opens them."""

from collections.abc import Mapping
from typing import TypeAlias
from uuid import UUID

from django import template

from callbacks_app.models import CallbackToken

register = template.Library()
Callbacks: TypeAlias = Mapping[str, CallbackToken]


@register.simple_tag
def callbacks_of(process_id: UUID) -> Callbacks:
    """Return the newest callback of each step of the process, by the step's path. One query."""
    rows = CallbackToken.objects.filter(process_id=process_id).order_by("pk")
    return {row.path: row for row in rows.defer("nonce", "key_id", "result")}


@register.simple_tag
def callback_at(callbacks: Callbacks, path: str) -> CallbackToken | None:
    """Return the callback of the step at ``path``, if it has one."""
    return callbacks.get(path)
