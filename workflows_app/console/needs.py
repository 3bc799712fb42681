"""Whom a form waits for: the lists and the badge on every page ask the same question."""

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, Value
from django.db.models.expressions import Combinable
from django.utils.translation import get_language

from workflows_app import policy
from workflows_app.console.pages import tag_of
from workflows_app.models import Process
from workflows_app.statuses import Assignee, ProcessStatus

MOST = 100  # Nobody needs to know how many more there are, and counting them all is slow.


def needs(user: Any) -> Combinable:
    """Say whether ``user`` may answer the process's form, authorisers apart."""
    if not user.has_perm(policy.PERMISSIONS["resume"]):
        return Value(False, output_field=BooleanField())
    answerable = Q(status=ProcessStatus.SUSPENDED)
    if not user.is_superuser:
        unknown = ~Exists(Group.objects.filter(name=OuterRef("assignee")))
        anybody = Q(assignee__in=["", str(Assignee.SYSTEM)])
        answerable &= anybody | of_groups(user) | Q(unknown)
    return ExpressionWrapper(answerable, output_field=BooleanField())


def of_groups(user: Any) -> Q:
    """Say whether the process's form is for a group of ``user``."""
    return Q(assignee__in=user.groups.values("name"))


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
