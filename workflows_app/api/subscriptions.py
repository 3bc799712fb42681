"""Subscriptions and products over HTTP. What changes a subscription is a workflow, or its lock."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from pydantic import ValidationError
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from workflows_app import locks, policy
from workflows_app.api.lists import Pages, filtered, parameters
from workflows_app.api.serializers import NeedsReasonSerializer, RefusalSerializer
from workflows_app.api.views import REFUSALS, EngineView
from workflows_app.domain.subscriptions import load
from workflows_app.errors import DefinitionError, NotAllowed, UnknownSubscription
from workflows_app.masking import masked_object
from workflows_app.models import Product, Subscription
from workflows_app.subscriptions.available import available

FILTERS = {
    "status": "status",
    "customer_id": "customer_id",
    "product": "product__name",
    "insync": "insync",
}


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product, with its fixed inputs, blocks and workflows."""

    fixed_inputs = serializers.SerializerMethodField()
    product_blocks: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    workflows: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)

    class Meta:
        model = Product
        fields = (
            "id",
            "name",
            "description",
            "product_type",
            "tag",
            "status",
            "fixed_inputs",
            "product_blocks",
            "workflows",
        )

    def get_fixed_inputs(self, product: Product) -> dict[str, str]:
        """Return the fixed inputs by name."""
        return {row.name: row.value for row in product.fixed_inputs.all()}


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    """A subscription as a list shows it."""

    product = serializers.CharField(source="product.name")

    class Meta:
        model = Subscription
        fields: tuple[str, ...] = (
            "id",
            "product",
            "customer_id",
            "description",
            "status",
            "insync",
            "locked_by",
            "start_date",
            "end_date",
            "note",
            "version",
        )


class SubscriptionDetailSerializer(SubscriptionSerializer):
    """A subscription with its graph, and what has to do with it."""

    model = serializers.DictField(allow_null=True, help_text="The domain model, if code has one.")
    trouble = serializers.CharField(help_text='Why there is no model, or "".')
    processes = serializers.ListField(child=serializers.DictField())
    in_use_by = serializers.ListField(child=serializers.UUIDField())
    depends_on = serializers.ListField(child=serializers.UUIDField())

    class Meta(SubscriptionSerializer.Meta):
        fields = (
            *SubscriptionSerializer.Meta.fields,
            "metadata",
            "model",
            "trouble",
            "processes",
            "in_use_by",
            "depends_on",
        )


class AvailableSerializer(serializers.Serializer[Any]):
    """A workflow for a subscription, and why it cannot be started now."""

    name = serializers.CharField()
    description = serializers.CharField()
    target = serializers.CharField()
    reason = serializers.CharField()


class Products(EngineView, ListAPIView[Product]):
    """The list of products."""

    serializer_class = ProductSerializer
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[Product]:
        """Return all, with what the list shows of them."""
        _require(self.request, "workflows_app.view_product", "see products")
        return Product.objects.with_parts().order_by("name")


class Subscriptions(EngineView, ListAPIView[Subscription]):
    """The list of subscriptions, newest first."""

    serializer_class = SubscriptionSerializer
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[Subscription]:
        """Return what the filters leave."""
        _require_view(self.request)
        rows = Subscription.objects.select_related("product").order_by("-created_at", "pk")
        return filtered(rows, self.request, FILTERS)

    @extend_schema(
        parameters=parameters(FILTERS),
        responses={200: SubscriptionSerializer(many=True), **REFUSALS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List subscriptions."""
        return super().get(request, *args, **kwargs)


class SubscriptionDetail(EngineView):
    """One subscription."""

    @extend_schema(
        operation_id="subscription_show",
        responses={200: SubscriptionDetailSerializer, **REFUSALS},
    )
    def get(self, request: Request, subscription_id: UUID) -> Response:
        """Show a subscription with its graph, its processes, and what it uses and is used by."""
        _require_view(request)
        row = _row(subscription_id)
        model, trouble = _model(row)
        return Response(
            SubscriptionSerializer(row).data
            | {
                "metadata": row.metadata,
                "model": model,
                "trouble": trouble,
                "processes": _processes(row),
                "in_use_by": _related(row, relations__depends_on__subscription=row),
                "depends_on": _related(row, instances__incoming__subscription=row),
            }
        )


class SubscriptionWorkflows(EngineView):
    """What can be done to a subscription."""

    @extend_schema(
        operation_id="subscription_workflows",
        responses={200: AvailableSerializer(many=True), **REFUSALS},
    )
    def get(self, request: Request, subscription_id: UUID) -> Response:
        """List the workflows of the subscription's product, with why one cannot be started now."""
        _require_view(request)
        found = available(_row(subscription_id), request.user)
        return Response(AvailableSerializer(found, many=True).data)


class SetInSync(EngineView):
    """Setting a subscription in sync by hand."""

    @extend_schema(
        operation_id="subscription_set_in_sync",
        request=NeedsReasonSerializer,
        responses={204: None, 409: RefusalSerializer, **REFUSALS},
    )
    def put(self, request: Request, subscription_id: UUID) -> Response:
        """Say that a subscription is in order, whoever left it out of sync."""
        _require(request, policy.PERMISSIONS["set in sync"], "set subscriptions in sync")
        body = NeedsReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        locks.set_in_sync(
            subscription_id,
            by=request.user.get_username(),
            reason=body.validated_data["reason"],
        )
        return Response(status=204)


def _row(subscription_id: UUID) -> Subscription:
    rows = Subscription.objects.select_related("product", "locked_by__workflow")
    row = rows.filter(pk=subscription_id).first()
    if row is None:
        raise UnknownSubscription(subscription_id)
    return row


def _model(row: Subscription) -> tuple[dict[str, Any] | None, str]:
    """Return the domain model as JSON, or why it cannot be had: the row is shown all the same."""
    try:
        return masked_object(load([row.pk])[row.pk].model_dump(mode="json")), ""
    except (DefinitionError, ValidationError) as error:
        return None, str(error)


def _processes(row: Subscription) -> list[dict[str, Any]]:
    relations = row.processsubscription_set.select_related("process__workflow")
    return [
        {
            "id": str(relation.process_id),
            "workflow": relation.process.workflow.name,
            "target": relation.target,
            "status": relation.process.status,
            "created_at": relation.process.created_at,
        }
        for relation in relations.order_by("-created_at", "-pk")[:200]
    ]


def _related(row: Subscription, **related: Subscription) -> list[str]:
    others = Subscription.objects.filter(**related).exclude(pk=row.pk).distinct().order_by("pk")
    return [str(pk) for pk in others.values_list("pk", flat=True)]


def _require_view(request: Request) -> None:
    _require(request, "workflows_app.view_subscription", "see subscriptions")


def _require(request: Request, permission: str, what: str) -> None:
    if not request.user.has_perm(permission):
        raise NotAllowed(f"you may not {what}")
