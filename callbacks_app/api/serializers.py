"""The shapes of what the API tells of callbacks and takes. What opens one is nowhere in them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from callbacks_app import by_hand, expected
from callbacks_app.models import CallbackAttempt, CallbackToken
from callbacks_app.selection import STATUSES
from callbacks_app.serializers import LONGEST_EXTENSION, RemoteFailure
from workflows_app.api.serializers import MaskedField
from workflows_app.json_values import JSONObject


class CallbackSerializer(serializers.ModelSerializer[CallbackToken]):
    """A callback as a list shows it."""

    id = serializers.CharField(source="public_id")
    status = serializers.CharField(source="operation_status", help_text=", ".join(STATUSES))
    process = serializers.UUIDField(source="process_id")
    workflow = serializers.CharField(source="process.workflow.name")
    step = serializers.CharField(source="path")
    waiting = serializers.SerializerMethodField()
    progress = MaskedField()

    class Meta:
        model = CallbackToken
        fields: tuple[str, ...] = (
            "id",
            "status",
            "process",
            "workflow",
            "step",
            "item",
            "attempt",
            "waiting",
            "paused",
            "created_at",
            "deadline_at",
            "heartbeat_due_at",
            "progress",
            "progress_at",
            "answered_at",
            "answered_by",
            "answered_via",
        )

    def get_waiting(self, callback: CallbackToken) -> bool:
        """Return whether the process has begun to wait for it."""
        return callback.status == "awaiting"


class AttemptSerializer(serializers.ModelSerializer[CallbackAttempt]):
    """A request to a callback; one like an earlier one is counted there."""

    payload = MaskedField()

    class Meta:
        model = CallbackAttempt
        fields = (
            "id",
            "at",
            "last_at",
            "times",
            "kind",
            "outcome",
            "via",
            "source",
            "reason",
            "size",
            "adoptable",
            "payload",
        )


class CallbackDetailSerializer(CallbackSerializer):
    """A callback with its answer, the log of its requests, and what the caller may do to it."""

    attempts = AttemptSerializer(many=True)
    result = MaskedField()
    error = MaskedField()
    payload_schema = serializers.SerializerMethodField()
    overrulable = serializers.SerializerMethodField()
    allowed_actions = serializers.SerializerMethodField()

    class Meta(CallbackSerializer.Meta):
        fields = (
            *CallbackSerializer.Meta.fields,
            "result",
            "error",
            "payload_schema",
            "attempts",
            "overrulable",
            "allowed_actions",
        )

    def get_payload_schema(self, callback: CallbackToken) -> JSONObject | None:
        """Return the JSON Schema that a result must fit, if the step has one."""
        return expected.schema_of(callback)

    def get_overrulable(self, callback: CallbackToken) -> bool:
        """Return whether a result would overrule how the callback ended."""
        return by_hand.can_be_overruled(callback)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_allowed_actions(self, callback: CallbackToken) -> list[str]:
        """Return what the caller may do now."""
        return list(by_hand.allowed(self.context["user"], callback))


class ByHand(serializers.Serializer[Any]):
    """Why somebody acts in the remote system's place; kept in the action log."""

    reason = serializers.CharField(
        allow_blank=True, default="", max_length=2000, help_text="Required."
    )


class Completion(ByHand):
    """A result given by hand."""

    result = serializers.JSONField(allow_null=True)


class FailureByHand(RemoteFailure):
    """A failure given by hand."""

    reason = serializers.CharField(
        allow_blank=True, default="", max_length=2000, help_text="Required."
    )


class Extension(ByHand):
    """How far ahead the deadline is to be."""

    seconds = serializers.FloatField(min_value=1, max_value=LONGEST_EXTENSION)


class Adoption(ByHand):
    """Which of the callback's late results is taken."""

    attempt = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class Revealing(serializers.Serializer[Any]):
    """Why somebody wants to see an address; kept in the action log if it is said."""

    reason = serializers.CharField(allow_blank=True, default="", max_length=2000)


class Revealed(serializers.Serializer[Any]):
    """What opens a callback. Whoever has it can answer; nothing else ever shows it."""

    url = serializers.CharField()
    progress_url = serializers.CharField(help_text="Good for progress and heartbeats only.")


class ExtensionReceipt(serializers.Serializer[Any]):
    """Until when the callback may be answered now."""

    code = serializers.CharField()
    deadline_at = serializers.DateTimeField()
