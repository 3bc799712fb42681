"""The shapes of what the API gives and takes."""

from typing import Any

from rest_framework import serializers

from workflows_app.json_values import JSON
from workflows_app.masking import masked
from workflows_app.models import Process, ProcessEvent, ProcessStep


class MaskedField(serializers.JSONField):
    """JSON without secrets, as the console shows it."""

    def to_representation(self, value: JSON) -> JSON:
        """Return the value as it may be shown."""
        return masked(super().to_representation(value))


class ProcessStepSerializer(serializers.ModelSerializer[ProcessStep]):
    """One recorded execution of a step."""

    patch = MaskedField()
    progress = MaskedField()
    details = MaskedField()

    class Meta:
        model = ProcessStep
        fields = (
            "position",
            "path",
            "name",
            "kind",
            "status",
            "patch",
            "progress",
            "attempt",
            "by",
            "started_at",
            "completed_at",
            "error_class",
            "reason",
            "details",
            "traceback",
            "superseded",
        )


class ProcessEventSerializer(serializers.ModelSerializer[ProcessEvent]):
    """An entry of a process's action log."""

    details = MaskedField()

    class Meta:
        model = ProcessEvent
        fields = ("actor", "action", "at", "reason", "details")


class ProcessSerializer(serializers.ModelSerializer[Process]):
    """A process as a list shows it."""

    workflow = serializers.CharField(source="workflow.name")
    description = serializers.CharField(source="workflow.description")

    class Meta:
        model = Process
        fields = (
            "id",
            "workflow",
            "description",
            "status",
            "next_step",
            "is_task",
            "assignee",
            "created_by",
            "created_at",
            "modified_at",
            "finished_at",
            "due_at",
            "failed_reason",
            "note",
        )


class ProcessDetailSerializer(ProcessSerializer):
    """A process with its steps, its state, and what the caller may do to it."""

    definition = serializers.JSONField()
    steps = ProcessStepSerializer(many=True)
    state = MaskedField()
    allowed_actions = serializers.ListField(child=serializers.CharField())

    class Meta(ProcessSerializer.Meta):
        fields = (  # type: ignore[assignment]  # Longer than the list's.
            *ProcessSerializer.Meta.fields,
            "traceparent",
            "definition",
            "steps",
            "state",
            "allowed_actions",
        )


class StartedSerializer(serializers.Serializer[Any]):
    """A process that has been started."""

    id = serializers.UUIDField()


class ReasonSerializer(serializers.Serializer[Any]):
    """Why somebody does something."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class NeedsReasonSerializer(serializers.Serializer[Any]):
    """Why somebody does what only people may do."""

    reason = serializers.CharField(max_length=2000)


class EngineSerializer(serializers.Serializer[Any]):
    """Whether the engine runs, and what it is doing."""

    global_lock = serializers.BooleanField()
    global_status = serializers.ChoiceField(
        choices=["RUNNING", "PAUSING", "PAUSED"], read_only=True
    )
    running_processes = serializers.IntegerField(read_only=True)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class RefusalSerializer(serializers.Serializer[Any]):
    """A refusal: of the API, or of a form."""

    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(required=False)
    detail = serializers.CharField()
