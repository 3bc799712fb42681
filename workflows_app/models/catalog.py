"""What can be ordered: products, the blocks they are made of, and the inputs that are fixed."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Prefetch, Q
from django.utils import timezone

from workflows_app.lifecycle import ProductLifecycle
from workflows_app.models.workflow import Workflow


class ProductBlock(models.Model):
    """A part of products; its instances hold a subscription's values."""

    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True)
    tag = models.CharField(max_length=50, blank=True)
    fields = models.JSONField(default=list, blank=True)  # The names of its values, sorted.
    depends_on = models.ManyToManyField(
        "self", symmetrical=False, related_name="in_use_by", blank=True
    )
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Products(models.QuerySet["Product"]):
    """Rows of products."""

    def with_parts(self) -> Self:
        """Load the fixed inputs, blocks and workflows with the products, each by name."""
        return self.prefetch_related(
            Prefetch("fixed_inputs", FixedInput.objects.order_by("name")),
            Prefetch("product_blocks", ProductBlock.objects.order_by("name")),
            Prefetch("workflows", Workflow.objects.order_by("name")),
        )


class Product(models.Model):
    """Something that a customer can subscribe to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True)
    product_type = models.CharField(max_length=200)
    tag = models.CharField(max_length=50, blank=True)
    status = models.CharField(
        max_length=20, choices=ProductLifecycle, default=ProductLifecycle.ACTIVE
    )
    product_blocks = models.ManyToManyField(ProductBlock, related_name="products", blank=True)
    workflows = models.ManyToManyField(Workflow, related_name="products", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    end_date = models.DateTimeField(null=True, blank=True)

    objects = Products.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ProductLifecycle.values), name="product_status_is_known"
            ),
        ]
        indexes = [models.Index(fields=["product_type"], name="product_type")]

    def __str__(self) -> str:
        return self.name


class FixedInput(models.Model):
    """A value that is the same for all subscriptions of a product."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="fixed_inputs")
    name = models.CharField(max_length=200)
    value = models.CharField(max_length=1000)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "name"], name="fixed_input_is_unique_in_its_product"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}={self.value}"
