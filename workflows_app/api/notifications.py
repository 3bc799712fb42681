"""What the caller is told, and the caller's webhooks, over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from workflows_app import policy
from workflows_app.api.serializers import RefusalSerializer
from workflows_app.api.views import REFUSALS, EngineView
from workflows_app.errors import NotAllowed
from workflows_app.models import Channel, NoticeChoice, NoticeKind, Scope, WebhookEndpoint
from workflows_app.notices import choices, endpoints

_REFUSALS = {**REFUSALS, 422: RefusalSerializer}


class ChoiceSerializer(serializers.ModelSerializer[NoticeChoice]):
    """Of which processes the caller hears on each channel, and whether of tasks too."""

    kind = serializers.ChoiceField(choices=NoticeKind.values, read_only=True)
    browser = serializers.ChoiceField(choices=Scope.values)
    email = serializers.ChoiceField(choices=Scope.values)
    webhook = serializers.ChoiceField(choices=Scope.values)
    tasks = serializers.BooleanField()

    class Meta:
        model = NoticeChoice
        fields = ("kind", "browser", "email", "webhook", "tasks")


class WebhookSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """A webhook of the caller's, and how the last message to it fared."""

    class Meta:
        model = WebhookEndpoint
        fields = (
            "id",
            "name",
            "url",
            "enabled",
            "disabled_because",
            "created_at",
            "last_at",
            "last_result",
            "last_worked",
        )


class NewWebhook(serializers.Serializer[Any]):
    """A webhook to be added."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=100, default="")
    url = serializers.CharField(max_length=2000)


class SwitchedWebhook(serializers.Serializer[Any]):
    """Whether a webhook is posted to."""

    enabled = serializers.BooleanField()


class SecretSerializer(serializers.Serializer[Any]):
    """A secret, shown this once."""

    id = serializers.IntegerField()
    secret = serializers.CharField()


class TriedSerializer(serializers.Serializer[Any]):
    """What came of a message."""

    delivered = serializers.BooleanField()
    result = serializers.CharField()


class NotificationsView(EngineView):
    """What belongs to whoever asks, if they may look at processes."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse who may not look."""
        super().initial(request, *args, **kwargs)
        if not request.user.has_perm(policy.PERMISSIONS["view"]):
            raise NotAllowed("you may not see processes")


class Choices(NotificationsView):
    """What the caller is told."""

    @extend_schema(
        operation_id="notification_choices",
        responses={200: ChoiceSerializer(many=True), **_REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """Show of which processes the caller hears, by kind of notice."""
        made = list(choices.choices_of(request.user).values())
        return Response(ChoiceSerializer(made, many=True).data)


class Choice(NotificationsView):
    """What the caller is told of one kind."""

    @extend_schema(
        operation_id="notification_choose",
        parameters=[OpenApiParameter("kind", str, "path", enum=NoticeKind.values)],
        request=ChoiceSerializer,
        responses={200: ChoiceSerializer, **_REFUSALS},
    )
    def put(self, request: Request, kind: str) -> Response:
        """Choose of which processes to hear."""
        if kind not in NoticeKind.values:
            raise NotFound
        given = _valid(ChoiceSerializer(data=request.data))
        tasks = given.pop("tasks")
        scopes = {channel: Scope(given[channel]) for channel in Channel}
        made = choices.choose(request.user, kind, scopes=scopes, tasks=tasks)
        return Response(ChoiceSerializer(made).data)


class Webhooks(NotificationsView):
    """The caller's webhooks."""

    @extend_schema(
        operation_id="webhook_list",
        responses={200: WebhookSerializer(many=True), **_REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """List the caller's webhooks; there are ten at most."""
        rows = WebhookEndpoint.objects.filter(user=request.user.pk).order_by("pk")
        return Response(WebhookSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="webhook_add",
        request=NewWebhook,
        responses={201: SecretSerializer, **_REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Add a webhook. Its secret is in the answer, and nowhere else afterwards."""
        given = _valid(NewWebhook(data=request.data))
        endpoint, secret = endpoints.add(request.user, name=given["name"], url=given["url"])
        return Response({"id": endpoint.pk, "secret": secret}, status=201)


class Webhook(NotificationsView):
    """One of the caller's webhooks."""

    @extend_schema(
        operation_id="webhook_switch",
        request=SwitchedWebhook,
        responses={200: WebhookSerializer, **_REFUSALS},
    )
    def patch(self, request: Request, endpoint_id: int) -> Response:
        """Post to a webhook again, or no longer."""
        endpoint = endpoints.found(request.user, endpoint_id)
        endpoints.enable(endpoint, enabled=_valid(SwitchedWebhook(data=request.data))["enabled"])
        endpoint.refresh_from_db()
        return Response(WebhookSerializer(endpoint).data)

    @extend_schema(operation_id="webhook_delete", request=None, responses={204: None, **_REFUSALS})
    def delete(self, request: Request, endpoint_id: int) -> Response:
        """Delete a webhook, with what was not delivered to it yet."""
        endpoints.delete(endpoints.found(request.user, endpoint_id))
        return Response(status=204)


class WebhookSecret(NotificationsView):
    """The secret of a webhook."""

    @extend_schema(
        operation_id="webhook_new_secret",
        request=None,
        responses={201: SecretSerializer, **_REFUSALS},
    )
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Make a new secret; for a day messages are signed with the former one, too."""
        endpoint = endpoints.found(request.user, endpoint_id)
        return Response({"id": endpoint.pk, "secret": endpoints.rotate(endpoint)}, status=201)


class WebhookTest(NotificationsView):
    """Trying a webhook."""

    @extend_schema(
        operation_id="webhook_test", request=None, responses={200: TriedSerializer, **_REFUSALS}
    )
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Post a message that says nothing, and say what came of it."""
        result = endpoints.test(endpoints.found(request.user, endpoint_id))
        return Response({"delivered": result.delivered, "result": result.text})


def _valid(body: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)
