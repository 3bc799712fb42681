"""Schedules: workflows that are started at a time, or again and again.

``next_run_at`` is when a worker must start the workflow; NULL while the schedule is paused, and
when it is over. Who starts it, and how only once, is told in ``schedules.running``.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from workflows_app.cadence import Cadence, Cron, Every, Once


class Kind(models.TextChoices):
    """The kinds of cadence."""

    ONCE = "once", "once"
    EVERY = "every", "again after an interval"
    CRON = "cron", "as a cron expression says"


class Schedule(models.Model):
    """When to start a workflow with which inputs, and how that went."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    workflow = models.CharField(max_length=200)  # By its name: it may leave the code, and return.
    inputs = models.JSONField(default=list)  # One object for each page; secrets are sealed.
    kind = models.CharField(max_length=10, choices=Kind)
    first_at = models.DateTimeField(null=True, blank=True)  # Of once and every.
    interval = models.DurationField(null=True, blank=True)  # Of every.
    cron = models.CharField(max_length=100, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)  # Of cron.
    next_run_at = models.DateTimeField(null=True, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)  # A worker is starting it.
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=150, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_by = models.CharField(max_length=150, blank=True)  # The owner; "" is a migration.
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    last_due_at = models.DateTimeField(null=True, blank=True)
    refusals = models.PositiveIntegerField(default=0)  # In a row.
    refused_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=Kind.ONCE, first_at__isnull=False)
                | Q(kind=Kind.EVERY, first_at__isnull=False, interval__isnull=False)
                | (Q(kind=Kind.CRON) & ~Q(cron="") & ~Q(time_zone="")),
                name="schedule_has_what_its_kind_needs",
            ),
            models.CheckConstraint(
                condition=Q(paused_at__isnull=True) | Q(next_run_at__isnull=True),
                name="schedule_paused_is_never_due",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_run_at"], condition=Q(next_run_at__isnull=False), name="schedule_due"
            ),
            models.Index(fields=["workflow"], name="schedule_workflow"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> str:
        """Who starts the processes, in the action log. No user's name has a space."""
        return f"schedule {self.name}"

    @property
    def cadence(self) -> Cadence:
        """When it is due."""
        if self.kind == Kind.CRON or self.first_at is None:
            return Cron(self.cron, self.time_zone)
        if self.interval is None:
            return Once(self.first_at)
        return Every(self.interval, self.first_at)

    @property
    def is_over(self) -> bool:
        """Whether it will never be due again."""
        return self.next_run_at is None and self.paused_at is None


def columns(cadence: Cadence) -> dict[str, Any]:
    """Return the columns that hold ``cadence``."""
    empty: dict[str, Any] = {"first_at": None, "interval": None, "cron": "", "time_zone": ""}
    match cadence:
        case Once(at):
            return empty | {"kind": Kind.ONCE.value, "first_at": at}
        case Every(interval, first):
            return empty | {"kind": Kind.EVERY.value, "interval": interval, "first_at": first}
        case Cron(expression, time_zone):
            return empty | {"kind": Kind.CRON.value, "cron": expression, "time_zone": time_zone}
