"""Whom a form waits for: the lists and the badge on every page ask the same question."""

from typing import Any

from django.utils.translation import get_language

from workflows_app.console.pages import tag_of
from workflows_app.models import Process
from workflows_app.selection import needs
from workflows_app.statuses import ProcessStatus

MOST = 100  # Nobody needs to know how many more there are, and counting them all is slow.


def how_many(user: Any) -> int:
    """Return how many forms wait for ``user``; ``MOST`` stands for that many or more."""
    waiting = Process.objects.filter(status=ProcessStatus.SUSPENDED)
    return waiting.annotate(needs_me=needs(user)).filter(needs_me=True)[:MOST].count()


def badge(user: Any) -> dict[str, Any]:
    """Return what the badge on every page shows, and its entity tag. One query."""
    count = how_many(user)
    return {"count": count, "shown": capped(count), "tag": tag_of(count, get_language())}


def capped(count: int) -> str:
    """Return a count as it is shown.

    >>> capped(3), capped(MOST)
    ('3', '99+')
    """
    return str(count) if count < MOST else f"{MOST - 1}+"
