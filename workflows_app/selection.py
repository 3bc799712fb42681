"""Which processes somebody wants to see: the filters that the console and the API share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from workflows_app import policy
from workflows_app.models import Process, ProcessSubscription
from workflows_app.search import matching, sees_subscriptions
from workflows_app.statuses import FAILURES, FINAL, Assignee, ProcessStatus, Target

_P = ProcessStatus
ALL = frozenset(_P)
UNFINISHED = ALL - FINAL
STATUSES: Mapping[str, frozenset[ProcessStatus]] = {
    "": ALL,
    "open": UNFINISHED,
    "me": frozenset({_P.SUSPENDED}),
    "failed": FAILURES,
    "suspended": frozenset({_P.SUSPENDED}),
    "awaiting_callback": frozenset({_P.AWAITING_CALLBACK}),
    "waiting": frozenset({_P.WAITING}),
    "running": frozenset({_P.CREATED, _P.RESUMED, _P.RUNNING}),
    "completed": frozenset({_P.COMPLETED}),
    "aborted": frozenset({_P.ABORTED}),
}
KINDS: Mapping[str, Q] = {"": Q(), "workflow": Q(is_task=False), "task": Q(is_task=True)}
TARGETS = frozenset({"", *Target.values})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is asked for. An unknown status, kind or target and an impossible date ask nothing."""

    status: str = ""
    kind: str = ""
    mine: str = ""
    workflow: str = ""
    target: str = ""
    customer: str = ""
    product: str = ""
    created_by: str = ""
    assignee: str = ""
    started_after: str = ""
    started_before: str = ""
    q: str = ""

    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return any(getattr(self, name) for name in ("status", "kind", "mine", "q", *_CONDITIONS))

    def rows(self, user: Any) -> QuerySet[Process]:
        """Return the processes that fit, each with ``needs_me``."""
        rows: QuerySet[Process] = Process.objects.annotate(needs_me=needs(user))
        if self.status:
            rows = with_status(rows, STATUSES[self.status])
        if self.status == "me":
            rows = rows.filter(Q(needs_me=True))
        return rows.filter(self.condition(user))

    def condition(self, user: Any) -> Q:
        """Return what is asked of a process beside its status."""
        condition = KINDS[self.kind]
        if self.mine:
            condition &= Q(created_by=user.get_username()) | of_groups(user)
        for name, condition_of in _CONDITIONS.items():
            if text := getattr(self, name):
                condition &= condition_of(text, user)
        return condition & matching(self.q, user) if self.q else condition


def with_status(rows: QuerySet[Process], statuses: frozenset[ProcessStatus]) -> QuerySet[Process]:
    """Return the rows with one of the statuses, asked for so that the indexes in order serve."""
    if statuses == ALL:
        return rows
    if statuses == FINAL:
        return rows.filter(finished_at__isnull=False)
    if not statuses <= UNFINISHED:
        return rows.filter(status__in=sorted(statuses))
    rows, others = rows.filter(finished_at__isnull=True), UNFINISHED - statuses
    if len(others) < len(statuses):
        return rows.exclude(status__in=sorted(others)) if others else rows
    return rows.filter(status__in=sorted(statuses))


def needs(user: Any) -> Combinable:
    """Say whether ``user`` may answer the process's form, authorisers apart."""
    if not user.has_perm(policy.PERMISSIONS["resume"]):
        return Value(False, output_field=BooleanField())
    answerable = Q(status=_P.SUSPENDED)
    if not user.is_superuser:
        unknown = ~Exists(Group.objects.filter(name=OuterRef("assignee")))
        anybody = Q(assignee__in=["", str(Assignee.SYSTEM)])
        answerable &= anybody | of_groups(user) | Q(unknown)
    return ExpressionWrapper(answerable, output_field=BooleanField())


def of_groups(user: Any) -> Q:
    """Say whether the process's form is for a group of ``user``."""
    return Q(assignee__in=user.groups.values("name"))


def instant(text: str) -> datetime | None:
    """Return the instant that a date, which stands for its beginning, or a time names.

    >>> instant("2026-02-30"), instant("soon"), instant("0001-01-01")
    (None, None, None)
    """
    try:
        at = parse_datetime(text)
        if at is None and (day := parse_date(text)):
            at = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the zone follows.
    except ValueError:
        return None
    if at is None or not 1970 <= at.year <= 2999:
        return None
    return (timezone.make_aware(at) if timezone.is_naive(at) else at).astimezone(UTC)


def _of_subscriptions(user: Any, **wanted: str) -> Q:
    """Return what finds the processes of such subscriptions; nothing, if they are not shown."""
    if not sees_subscriptions(user):
        return Q(pk__in=[])
    return Q(pk__in=ProcessSubscription.objects.filter(**wanted).values("process"))


_CONDITIONS: Mapping[str, Callable[[str, Any], Q]] = {
    "workflow": lambda text, _user: Q(workflow__name=text),
    "target": lambda text, _user: Q(workflow__target=text),
    "customer": lambda text, user: _of_subscriptions(user, subscription__customer_id=text),
    "product": lambda text, user: _of_subscriptions(user, subscription__product__name=text),
    "created_by": lambda text, _user: Q(created_by=text),
    "assignee": lambda text, _user: Q(assignee=text),
    "started_after": lambda text, _user: Q(created_at__gte=instant(text)),
    "started_before": lambda text, _user: Q(created_at__lt=instant(text)),
}
