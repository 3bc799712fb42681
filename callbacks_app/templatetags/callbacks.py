"""Callbacks for templates: what became of them, never what opens them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from django import template
from django.template import Context
from django.utils import timezone

from callbacks_app.console.callback_page import View
from callbacks_app.console.listing import Line, lines
from callbacks_app.console.terms import terms
from callbacks_app.console.words import LOOKS, look
from callbacks_app.models import CallbackToken
from workflows_app.models import Process

register = template.Library()
Callbacks: TypeAlias = Sequence[CallbackToken]
MOST_ITEMS = 50  # Of a map, that a panel lists.


@dataclass(frozen=True, slots=True)
class Sum:
    """Several callbacks of one step: how many have ended and how, and those that are open first."""

    ended: int
    text: str
    lines: list[Line]
    hidden: int


@register.simple_tag
def callbacks_of(process: Process) -> Callbacks:
    """Return the callbacks of the process, oldest first. One query."""
    rows = list(
        CallbackToken.objects.filter(process=process)
        .defer("nonce", "key_id", "result")
        .order_by("pk")
    )
    for row in rows:
        row.process = process  # Read already.
    return rows


@register.simple_tag
def callbacks_at(callbacks: Callbacks, path: str) -> Callbacks:
    """Return those of the newest attempt that the step at ``path`` waits for, or handed out."""
    of_step = [row for row in callbacks if path in (row.waits_at, row.path)]
    return [
        row for row in of_step if (row.path, row.attempt) == (of_step[-1].path, of_step[-1].attempt)
    ]


@register.filter
def callback_terms(options: object) -> list[str]:
    """Return what a step's author has settled about its callback, if it hands one out."""
    return terms(options)


@register.simple_tag(takes_context=True)
def panel_of(context: Context, callback: CallbackToken) -> View:
    """Return what the callback's own page shows of it, to the same user."""
    return View(callback, context["user"], timezone.now())


@register.filter
def callback_word(callback: CallbackToken) -> str:
    """Return the callback's status as the console says it."""
    return look(callback).word


@register.simple_tag
def summed(callbacks: Callbacks) -> Sum:
    """Sum several callbacks up."""
    counts = Counter(row.operation_status for row in callbacks)
    text = ", ".join(f"{counts[name]} {of.word}" for name, of in LOOKS.items() if counts[name])
    first = sorted(callbacks, key=lambda row: row.operation_status != "started")
    return Sum(
        ended=len(callbacks) - counts["started"],
        text=text,
        lines=list(lines(first[:MOST_ITEMS], timezone.now())),
        hidden=max(0, len(callbacks) - MOST_ITEMS),
    )
