"""The shapes of Mistral's API, for the description of ours."""

from typing import Any

from rest_framework import serializers

from callbacks_app.action_executions import STATES

# Not an enumeration of its own: the description names those after the first field that has them.
_STATE = f"One of {', '.join(STATES)}."


class ActionExecutionUpdate(serializers.Serializer[Any]):
    """What becomes of an action execution. Mistral's other fields may be there, and say nothing."""

    state = serializers.CharField(help_text=_STATE)
    output = serializers.JSONField(required=False)
    state_info = serializers.CharField(required=False)


class ActionExecutionSerializer(serializers.Serializer[Any]):
    """Mistral's action execution; ``input``, ``output`` and ``params`` are JSON in a string."""

    id = serializers.UUIDField()
    workflow_name = serializers.CharField()
    workflow_namespace = serializers.CharField()
    task_name = serializers.CharField()
    task_execution_id = serializers.UUIDField()
    state = serializers.CharField(help_text=_STATE)
    state_info = serializers.CharField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    name = serializers.CharField()
    description = serializers.CharField()
    project_id = serializers.CharField()
    accepted = serializers.BooleanField()
    input = serializers.CharField()
    output = serializers.CharField()
    created_at = serializers.CharField()
    updated_at = serializers.CharField()
    params = serializers.CharField()
