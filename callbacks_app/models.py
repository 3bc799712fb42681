"""The right to answer a waiting step, once.

The token itself is stored nowhere: it is derived from the nonce here and a key in the settings.
"""

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone

from workflows_app.models import Process


class CallbackStatus(models.TextChoices):
    """Where a callback stands."""

    ARMED = "armed"  # Handed out; the process has not begun to wait.
    AWAITING = "awaiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"  # A retry handed out another.


OPEN = (CallbackStatus.ARMED, CallbackStatus.AWAITING)
ANSWERED = (CallbackStatus.SUCCEEDED, CallbackStatus.FAILED)


def new_public_id() -> str:
    """Return a name for a callback; not secret."""
    return f"cb_{secrets.token_hex(12)}"


def new_nonce() -> str:
    """Return 16 random bytes, in hexadecimal."""
    return secrets.token_hex(16)


class CallbackToken(models.Model):
    """One callback: who may answer which step, until when, and what the answer was."""

    public_id = models.CharField(max_length=40, unique=True, default=new_public_id)
    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="callbacks")
    path = models.CharField(max_length=500)  # Of the step that waits.
    attempt = models.PositiveIntegerField(default=1)
    nonce = models.CharField(max_length=32, default=new_nonce)
    key_id = models.CharField(max_length=40)
    status = models.CharField(max_length=20, choices=CallbackStatus, default=CallbackStatus.ARMED)
    timeout = models.DurationField(null=True, blank=True)  # From the start of the wait.
    deadline_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    progress = models.JSONField(null=True, blank=True)
    progress_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=150, blank=True)  # An address, or a user.
    answered_via = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=CallbackStatus.values), name="callback_status_is_known"
            ),
            models.UniqueConstraint(
                fields=["process", "path"],
                condition=Q(status__in=OPEN),
                name="callback_is_open_once_per_step",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ANSWERED, answered_at__isnull=False)
                | (~Q(status__in=ANSWERED) & Q(answered_at__isnull=True)),
                name="callback_answered_at_iff_answered",
            ),
        ]
        indexes = [models.Index(fields=["process", "path", "-id"], name="callback_of_step")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_open(self) -> bool:
        """Whether it can still be answered, its deadline apart."""
        return self.status in OPEN
