"""What customers have: subscriptions, their instances of product blocks, and who changed them.

Note [Graph]
~~~~~~~~~~~~
A subscription is a graph. Its edges are ``InstanceRelation`` rows: from the subscription itself
(``in_use_by`` is NULL) or from one of its instances, under the name of the model's attribute, to an
instance, which may belong to another subscription. An edge belongs to the subscription that it
starts in, so saving one subscription never touches another.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models.catalog import Product, ProductBlock
from workflows_app.models.process import Process
from workflows_app.statuses import Target


class Subscription(models.Model):
    """A customer's instance of a product."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="subscriptions")
    customer_id = models.CharField(max_length=200)
    description = models.TextField()
    status = models.CharField(
        max_length=20, choices=SubscriptionLifecycle, default=SubscriptionLifecycle.INITIAL
    )
    insync = models.BooleanField(default=False)  # No process is changing it.
    locked_by = models.ForeignKey(
        Process, on_delete=models.SET_NULL, null=True, blank=True, related_name="locks"
    )
    start_date = models.DateTimeField(null=True, blank=True)  # When it was first active.
    end_date = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, max_length=5000)
    metadata = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)  # Grows with every change of it or its graph.
    created_at = models.DateTimeField(default=timezone.now)
    processes = models.ManyToManyField(
        Process, through="ProcessSubscription", related_name="subscriptions"
    )

    class Meta:
        permissions = [("lock_subscription", "Can set subscriptions in sync by hand")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=SubscriptionLifecycle.values),
                name="subscription_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(insync=False) | Q(locked_by__isnull=True),
                name="subscription_is_locked_only_out_of_sync",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-created_at"], name="subscription_status"),
            models.Index(fields=["customer_id"], name="subscription_customer"),
            models.Index(fields=["-created_at", "-id"], name="subscription_newest"),
            models.Index(fields=["product", "status"], name="subscription_product"),
        ]

    def __str__(self) -> str:
        return self.description


class SubscriptionInstance(models.Model):
    """One product block of one subscription, with its values."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="instances"
    )
    product_block = models.ForeignKey(
        ProductBlock, on_delete=models.PROTECT, related_name="instances"
    )
    label = models.CharField(max_length=255, blank=True)
    values = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.label or str(self.id)


class InstanceRelation(models.Model):
    """An edge of a subscription's graph. See Note [Graph]."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="relations"
    )
    in_use_by = models.ForeignKey(
        SubscriptionInstance,
        on_delete=models.CASCADE,
        related_name="outgoing",
        null=True,
        blank=True,
    )
    depends_on = models.ForeignKey(
        SubscriptionInstance, on_delete=models.RESTRICT, related_name="incoming"
    )
    attribute = models.CharField(max_length=200)
    order = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "attribute", "order"],
                condition=Q(in_use_by__isnull=True),
                name="relation_has_its_place_in_its_subscription",
            ),
            models.UniqueConstraint(
                fields=["in_use_by", "attribute", "order"],
                name="relation_has_its_place_in_its_instance",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attribute}[{self.order}]"


class ProcessSubscription(models.Model):
    """That a process concerned a subscription, and what it did to it."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE)
    target = models.CharField(max_length=20, choices=Target)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["process", "subscription"], name="process_concerns_a_subscription_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target} {self.subscription_id}"
