"""The shapes of what the callback endpoints take and give."""

from typing import Any

from rest_framework import serializers

from callbacks_app.models import CallbackToken

LONGEST_EXTENSION = 366 * 24 * 3600  # Seconds.


class ReceiptSerializer(serializers.Serializer[Any]):
    """What became of an answer."""

    code = serializers.ChoiceField(choices=["accepted", "stored_early", "held", "replayed"])


class CallbackState(serializers.ModelSerializer[CallbackToken]):
    """Whether a callback can still be answered."""

    id = serializers.CharField(source="public_id")
    status = serializers.CharField(source="operation_status")
    open = serializers.SerializerMethodField()

    class Meta:
        model = CallbackToken
        fields = ("id", "status", "open", "paused", "deadline_at", "heartbeat_due_at")

    def get_open(self, callback: CallbackToken) -> bool:
        """Return whether an answer would be taken, the deadlines apart."""
        return callback.operation_status == "started"


class RemoteFailure(serializers.Serializer[Any]):
    """A failure that the remote system reports."""

    error_type = serializers.CharField(max_length=256, required=False)
    error_message = serializers.CharField(max_length=32_768)
    error_data = serializers.JSONField(required=False)
    stack_trace = serializers.JSONField(required=False)
    retryable = serializers.BooleanField(required=False)

    class Meta:
        fields = ("error_type", "error_message", "error_data", "stack_trace", "retryable")


class Heartbeat(serializers.Serializer[Any]):
    """A sign of life."""

    extend_seconds = serializers.FloatField(
        required=False, min_value=1, max_value=LONGEST_EXTENSION
    )
    details = serializers.JSONField(required=False)


class HeartbeatReceipt(CallbackState):
    """What the remote system should know of its callback."""

    code = serializers.CharField(default="accepted")
    cancel_requested = serializers.BooleanField(default=False)
    warning = serializers.SerializerMethodField()

    class Meta(CallbackState.Meta):
        fields = (*CallbackState.Meta.fields, "code", "cancel_requested", "warning")  # type: ignore[assignment]

    def get_warning(self, callback: CallbackToken) -> str:
        """Return what is wrong with sending heartbeats, or ""."""
        return "" if callback.heartbeat else "This step has no heartbeat: nobody misses yours."


class Problem(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
