"""What people are told of processes, whether it reached them, and what each of them chose.

Note [Told once committed]
~~~~~~~~~~~~~~~~~~~~~~~~~~
A ``Notice`` is written in the transaction that moves its process: a step that is rolled back
tells nobody, and a crash after the commit loses nothing. Who hears of it is found afterwards, away
from the engine: a ``Delivery`` for each person and channel, all in one transaction with
``handed_out_at``. A delivery is tried until it succeeds or is given up, so it may arrive twice, but
always with the id of its notice. ``due_at`` is its next try, or the end of the lease of whoever
tries it now.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workflows_app.models.process import Process


class NoticeKind(models.TextChoices):
    """What people want to hear of."""

    NEEDS_INPUT = "needs_input", _("Needs my input")
    FAILED = "failed", _("Failed")
    FINISHED = "finished", _("Finished")


class Channel(models.TextChoices):
    """How people are told."""

    BROWSER = "browser", _("In the browser")
    EMAIL = "email", _("E-mail")
    WEBHOOK = "webhook", _("Webhook")


class Scope(models.TextChoices):
    """Of which processes people want to hear."""

    OFF = "off", _("Off")
    STARTED = "started", _("Processes I started")
    MINE = "mine", _("Mine and those of my groups")
    ALL = "all", _("All that I may see")


class DeliveryStatus(models.TextChoices):
    """How one delivery stands."""

    PENDING = "pending", _("under way")
    DELIVERED = "delivered", _("delivered")
    DROPPED = "dropped", _("no longer needed")
    GIVEN_UP = "given_up", _("given up")


class Notice(models.Model):
    """Something that happened to a process. See Note [Told once committed]."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=20, choices=NoticeKind)
    status = models.CharField(max_length=20)  # The process's, when it happened.
    position = models.PositiveIntegerField(null=True, blank=True)  # Of the step that it is about.
    step = models.CharField(max_length=300, blank=True)
    assignee = models.CharField(max_length=100, blank=True)
    reason = models.TextField(blank=True)
    by = models.CharField(max_length=150, blank=True)  # Who did it, if a person did.
    at = models.DateTimeField(default=timezone.now)
    handed_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=NoticeKind.values), name="notice_kind_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["at"], condition=Q(handed_out_at__isnull=True), name="notice_to_hand_out"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.process_id}"


class NoticeChoice(models.Model):
    """Of which processes a person wants to hear, on each channel. None: as ``choices`` says."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choices"
    )
    kind = models.CharField(max_length=20, choices=NoticeKind)
    browser = models.CharField(max_length=10, choices=Scope, default=Scope.OFF)
    email = models.CharField(max_length=10, choices=Scope, default=Scope.OFF)
    webhook = models.CharField(max_length=10, choices=Scope, default=Scope.OFF)
    tasks = models.BooleanField(default=False)  # Of tasks as well.

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_notice_choice_of_a_kind"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=NoticeKind.values,
                    browser__in=Scope.values,
                    email__in=Scope.values,
                    webhook__in=Scope.values,
                ),
                name="notice_choice_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}"


class WebhookEndpoint(models.Model):
    """An address to which a person has notices posted, signed with its secret."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_endpoints"
    )
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=2000)
    secret = models.TextField()  # Sealed.
    previous_secret = models.TextField(blank=True)  # Sealed; signs as well until previous_until.
    previous_until = models.DateTimeField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    disabled_because = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(null=True, blank=True)
    last_result = models.CharField(max_length=300, blank=True)
    last_worked = models.BooleanField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One person's copy of a notice, on one channel. See Note [Told once committed]."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="deliveries")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        related_name="deliveries",
        null=True,
        blank=True,
    )
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)  # Begun; the fence of a lease too.
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=300, blank=True)  # What the last try led to.
    read_at = models.DateTimeField(null=True, blank=True)  # In the browser.

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "user", "channel"],
                condition=Q(endpoint__isnull=True),
                name="delivered_once_to_a_person",
            ),
            models.UniqueConstraint(
                fields=["notice", "endpoint"], name="delivered_once_to_an_endpoint"
            ),
            models.CheckConstraint(
                condition=(
                    Q(status=DeliveryStatus.PENDING, due_at__isnull=False, done_at__isnull=True)
                    | (
                        Q(status__in=["delivered", "dropped", "given_up"])
                        & Q(due_at__isnull=True, done_at__isnull=False)
                    )
                ),
                name="delivery_is_due_iff_pending",
            ),
            models.CheckConstraint(
                condition=Q(channel=Channel.WEBHOOK, endpoint__isnull=False)
                | (Q(channel__in=["browser", "email"]) & Q(endpoint__isnull=True)),
                name="delivery_has_an_endpoint_iff_webhook",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="delivery_due"),
            models.Index(fields=["user", "channel", "-id"], name="delivery_of_user"),
            models.Index(
                fields=["user", "-id"],
                condition=Q(channel="browser", read_at__isnull=True),
                name="delivery_unread",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.status}"
