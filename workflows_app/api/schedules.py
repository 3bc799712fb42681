"""Schedules over HTTP: set up, looked at, changed, paused, run, deleted."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from workflows_app import policy, schedules
from workflows_app.api.lists import Pages, filtered, parameters
from workflows_app.api.serializers import MaskedField, ReasonSerializer, StartedSerializer
from workflows_app.api.views import REFUSALS, EngineView
from workflows_app.cadence import Cadence, Cron, Every, Once
from workflows_app.models import Process, Schedule
from workflows_app.models.schedule import Kind
from workflows_app.schedules.editing import LONGEST_NAME

FILTERS = {"workflow": "workflow", "created_by": "created_by"}
_FORM = {510: OpenApiTypes.OBJECT}


class CadenceSerializer(serializers.Serializer[Any]):
    """When it is due.

    ``once`` has ``at``; ``every`` has ``seconds``, counted from ``first_at`` (now if not given);
    ``cron`` has ``cron``, five fields, and ``time_zone`` (the site's if not given).
    """

    kind = serializers.ChoiceField(choices=Kind.values)
    at = serializers.DateTimeField(required=False)
    seconds = serializers.IntegerField(required=False, min_value=60, max_value=366 * 86400)
    first_at = serializers.DateTimeField(required=False)
    cron = serializers.CharField(required=False, max_length=100)
    time_zone = serializers.CharField(required=False, max_length=64)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a cadence that lacks what its kind needs."""
        needed = {"once": "at", "every": "seconds", "cron": "cron"}[attrs["kind"]]
        if needed not in attrs:
            raise serializers.ValidationError({needed: "This field is required for this kind."})
        return attrs

    def to_representation(self, instance: Cadence) -> dict[str, Any]:
        """Return the cadence as it was given."""
        match instance:
            case Once(at):
                return {"kind": "once", "at": at}
            case Every(interval, first):
                seconds = int(interval.total_seconds())
                return {"kind": "every", "seconds": seconds, "first_at": first}
            case Cron(expression, time_zone):
                return {"kind": "cron", "cron": expression, "time_zone": time_zone}


class ScheduleSerializer(serializers.ModelSerializer[Schedule]):
    """A schedule: what it starts and when, and how that went."""

    inputs = MaskedField()
    cadence = CadenceSerializer()
    last_process = serializers.UUIDField(allow_null=True)

    class Meta:
        model = Schedule
        fields = (
            "id",
            "name",
            "workflow",
            "inputs",
            "cadence",
            "next_run_at",
            "paused_at",
            "paused_by",
            "created_by",
            "created_at",
            "changed_at",
            "last_due_at",
            "last_process",
            "refusals",
            "refused_because",
        )


class ChangedSchedule(serializers.Serializer[Any]):
    """What can be changed: inputs that are not given stay as they are."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    inputs = serializers.ListField(child=serializers.DictField(), required=False)
    cadence = CadenceSerializer()
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class NewSchedule(ChangedSchedule):
    """A schedule to be set up; ``inputs`` has one object for each page of the start form."""

    workflow = serializers.CharField(max_length=200)


class Schedules(EngineView, ListAPIView[Schedule]):
    """The list of schedules, by name."""

    serializer_class = ScheduleSerializer
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[Schedule]:
        """Return what the filters leave."""
        policy.require_schedules(self.request.user, "see")
        return filtered(_rows().order_by("name"), self.request, FILTERS)

    @extend_schema(
        parameters=parameters(FILTERS),
        responses={200: ScheduleSerializer(many=True), **REFUSALS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List schedules."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="schedule_set_up",
        request=NewSchedule,
        responses={201: ScheduleSerializer, **_FORM, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Set up a schedule.

        510 says which page of the workflow's start form is needed next, 400 what is wrong with one.
        """
        given = _valid(NewSchedule(data=request.data))
        row = schedules.create(
            name=given["name"],
            workflow=given["workflow"],
            inputs=given.get("inputs", []),
            cadence=_cadence(given["cadence"]),
            user=request.user,
            reason=given["reason"],
        )
        return _shown(row.pk, status=201)


class ScheduleDetail(EngineView):
    """One schedule."""

    @extend_schema(operation_id="schedule_show", responses={200: ScheduleSerializer, **REFUSALS})
    def get(self, request: Request, schedule_id: UUID) -> Response:
        """Show a schedule."""
        policy.require_schedules(request.user, "see")
        return _shown(schedule_id)

    @extend_schema(
        operation_id="schedule_change",
        request=ChangedSchedule,
        responses={200: ScheduleSerializer, **_FORM, **REFUSALS},
    )
    def put(self, request: Request, schedule_id: UUID) -> Response:
        """Change a schedule. From then on it runs in the caller's name."""
        given = _valid(ChangedSchedule(data=request.data))
        schedules.change(
            schedule_id,
            name=given["name"],
            inputs=given.get("inputs"),
            cadence=_cadence(given["cadence"]),
            user=request.user,
            reason=given["reason"],
        )
        return _shown(schedule_id)

    @extend_schema(operation_id="schedule_delete", request=None, responses={204: None, **REFUSALS})
    def delete(self, request: Request, schedule_id: UUID) -> Response:
        """Delete a schedule. The processes that it has started stay."""
        schedules.delete(schedule_id, user=request.user)
        return Response(status=204)


class PauseSchedule(EngineView):
    """Letting a schedule start nothing."""

    @extend_schema(
        operation_id="schedule_pause",
        request=ReasonSerializer,
        responses={200: ScheduleSerializer, **REFUSALS},
    )
    def post(self, request: Request, schedule_id: UUID) -> Response:
        """Pause a schedule; one that is paused stays as it is."""
        schedules.pause(schedule_id, user=request.user, reason=_reason(request))
        return _shown(schedule_id)


class UnpauseSchedule(EngineView):
    """Letting a schedule go on."""

    @extend_schema(
        operation_id="schedule_unpause",
        request=ReasonSerializer,
        responses={200: ScheduleSerializer, **REFUSALS},
    )
    def post(self, request: Request, schedule_id: UUID) -> Response:
        """Let a schedule go on at its next time; nothing is made up for."""
        schedules.unpause(schedule_id, user=request.user, reason=_reason(request))
        return _shown(schedule_id)


class RunSchedule(EngineView):
    """Starting a schedule's workflow beside its times."""

    @extend_schema(
        operation_id="schedule_run",
        request=ReasonSerializer,
        responses={
            201: StartedSerializer,
            **_FORM,
            **REFUSALS,
            412: OpenApiTypes.OBJECT,
            422: OpenApiTypes.OBJECT,
        },
    )
    def post(self, request: Request, schedule_id: UUID) -> Response:
        """Start the workflow now, with the schedule's inputs and in the caller's name."""
        process = schedules.run_now(
            schedule_id,
            user=request.user,
            key=request.headers.get("Idempotency-Key") or None,
            reason=_reason(request),
        )
        return Response({"id": str(process.pk)}, status=201)


def _rows() -> QuerySet[Schedule]:
    started = Process.objects.filter(schedule=OuterRef("pk")).order_by("-created_at", "-pk")
    return Schedule.objects.annotate(last_process=Subquery(started.values("pk")[:1]))


def _shown(schedule_id: UUID, *, status: int = 200) -> Response:
    schedules.found(schedule_id)
    return Response(ScheduleSerializer(_rows().get(pk=schedule_id)).data, status=status)


def _valid(body: serializers.Serializer[Any]) -> dict[str, Any]:
    body.is_valid(raise_exception=True)
    found: dict[str, Any] = body.validated_data
    return found


def _reason(request: Request) -> str:
    return str(_valid(ReasonSerializer(data=request.data or {}))["reason"])


def _cadence(given: dict[str, Any]) -> Cadence:
    if given["kind"] == Kind.ONCE:
        return Once(given["at"])
    if given["kind"] == Kind.EVERY:
        first = given.get("first_at") or timezone.now().replace(microsecond=0)
        return Every(timedelta(seconds=given["seconds"]), first)
    zone = given.get("time_zone") or timezone.get_default_timezone_name()
    return Cron(" ".join(given["cron"].split()), zone)
