"""The shapes of what the callback endpoints take and give."""

from typing import Any

from rest_framework import serializers


class Receipt(serializers.Serializer[Any]):
    """What became of an answer."""

    code = serializers.ChoiceField(choices=["accepted", "stored_early", "held"])


class CallbackState(serializers.Serializer[Any]):
    """Whether a callback can still be answered."""

    id = serializers.CharField()
    status = serializers.CharField()
    open = serializers.BooleanField()
    deadline_at = serializers.DateTimeField(allow_null=True)


class RemoteFailure(serializers.Serializer[Any]):
    """A failure that the remote system reports."""

    error_type = serializers.CharField(max_length=256, required=False)
    error_message = serializers.CharField(max_length=32_768)
    error_data = serializers.JSONField(required=False)
    stack_trace = serializers.JSONField(required=False)


class Problem(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
