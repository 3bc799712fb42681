"""The right to answer a waiting step, once, and the log of everybody who tried.

The token itself is stored nowhere: it is derived from the nonce here and a key in the settings.
"""

import secrets
import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workflows_app.models import Process


class CallbackStatus(models.TextChoices):
    """Where a callback stands."""

    ARMED = "armed", _("Armed")  # Handed out; the process has not begun to wait.
    AWAITING = "awaiting", _("Awaiting")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    TIMED_OUT = "timed_out", _("Timed Out")
    CANCELLED = "cancelled", _("Cancelled")
    SUPERSEDED = "superseded", _("Superseded")  # A retry handed out another.


OPEN = (CallbackStatus.ARMED, CallbackStatus.AWAITING)
ANSWERED = (CallbackStatus.SUCCEEDED, CallbackStatus.FAILED)

# The names that durable functions give an operation's status (AWS Lambda, OperationStatus).
_OPERATION_STATUS = {
    CallbackStatus.ARMED: "started",
    CallbackStatus.AWAITING: "started",
    CallbackStatus.SUPERSEDED: "stopped",
}
PREFIX = "cb_"


def new_public_id() -> str:
    """Return a name for a callback; not secret."""
    return f"{PREFIX}{uuid.uuid4().hex}"


def new_nonce() -> str:
    """Return 16 random bytes, in hexadecimal."""
    return secrets.token_hex(16)


class CallbackToken(models.Model):
    """One callback: who may answer which step, until when, and what the answer was."""

    public_id = models.CharField(max_length=40, unique=True, default=new_public_id)
    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="callbacks")
    path = models.CharField(max_length=500)  # Of the step that it was handed out for.
    waits_at = models.CharField(max_length=500, blank=True)  # Of the step that waits, if it does.
    item = models.PositiveIntegerField(default=0)  # Which of the step's callbacks.
    attempt = models.PositiveIntegerField(default=1)
    nonce = models.CharField(max_length=32, default=new_nonce)
    key_id = models.CharField(max_length=40)
    status = models.CharField(max_length=20, choices=CallbackStatus, default=CallbackStatus.ARMED)
    timeout = models.DurationField(null=True, blank=True)  # From the start of the wait.
    deadline_at = models.DateTimeField(null=True, blank=True)
    heartbeat = models.DurationField(null=True, blank=True)  # The longest silence.
    heartbeat_due_at = models.DateTimeField(null=True, blank=True)
    paused = models.BooleanField(default=False)  # The remote system said that it pauses.
    result = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    progress = models.JSONField(null=True, blank=True)
    progress_at = models.DateTimeField(null=True, blank=True)  # When it was last heard of.
    created_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True, blank=True)  # When its item was handed over.
    retried = models.BooleanField(default=False)  # Its policy asked again, by another callback.
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=150, blank=True)  # An address, or a user.
    answered_via = models.CharField(max_length=20, blank=True)
    idempotency_key = models.CharField(max_length=300, blank=True)  # Of the answer.
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 of the answer as it was sent.
    traceparent = models.CharField(max_length=55, blank=True)  # Of the span that handed it out.

    class Meta:
        permissions = [
            ("answer_callback", "Can answer, cancel and extend callbacks by hand"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=CallbackStatus.values), name="callback_status_is_known"
            ),
            models.UniqueConstraint(
                fields=["process", "path", "item"],
                condition=Q(status__in=OPEN),
                name="callback_is_open_once_per_step",
            ),
            models.CheckConstraint(
                condition=(~Q(status__in=ANSWERED) | Q(answered_at__isnull=False))
                & (~Q(status__in=OPEN) | Q(answered_at__isnull=True)),
                name="callback_answered_at_fits_status",
            ),
        ]
        indexes = [models.Index(fields=["process", "path", "-id"], name="callback_of_step")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_open(self) -> bool:
        """Whether it can still be answered, its deadlines apart."""
        return self.status in OPEN

    @property
    def is_counting(self) -> bool:
        """Whether its time has begun to count: with the wait, or, for two phases, at once."""
        return self.is_open and not (self.status == CallbackStatus.ARMED and self.waits_at)

    @property
    def operation_status(self) -> str:
        """The status in the words of durable functions; stopped if the process is over."""
        if self.is_open and self.process.is_final:
            return "stopped"
        return _OPERATION_STATUS.get(CallbackStatus(self.status), self.status)

    @property
    def expires_at(self) -> datetime | None:
        """When it expires unless it is heard of: the earlier of its two deadlines."""
        return min(filter(None, (self.deadline_at, self.heartbeat_due_at)), default=None)

    @property
    def uuid(self) -> str:
        """The public id in the form of a UUID: what Mistral calls the action execution's id."""
        return str(uuid.UUID(self.public_id.removeprefix(PREFIX)))


def public_id_of(identity: str) -> str:
    """Return the public id that ``identity``, a public id or its UUID form, stands for; or ""."""
    try:
        return f"{PREFIX}{uuid.UUID(identity.removeprefix(PREFIX)).hex}"
    except ValueError:
        return ""


class CallbackAttempt(models.Model):
    """One request to a callback, kept or refused; the same request again is counted."""

    callback = models.ForeignKey(CallbackToken, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    times = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=20)  # result, failure, progress, heartbeat, cancel, extend.
    outcome = models.CharField(max_length=40)  # The receipt's or the refusal's code.
    via = models.CharField(max_length=20)
    source = models.CharField(max_length=150, blank=True)  # An address, or a user.
    reason = models.TextField(blank=True)  # Why somebody answered by hand.
    idempotency_key = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)  # Bytes.
    payload = models.JSONField(null=True, blank=True)  # Of an answer that came too late.
    adoptable = models.BooleanField(default=False)  # Whether ``payload`` is a result that was sent.

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}"
