"""Processes and the engine over HTTP."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from workflows_app import engine, errors, policy, registry
from workflows_app.api import refusals
from workflows_app.api.serializers import (
    EngineSerializer,
    NeedsReasonSerializer,
    ProcessDetailSerializer,
    ReasonSerializer,
    RefusalSerializer,
    StartedSerializer,
)
from workflows_app.engine.loading import load, unlocked
from workflows_app.models import EngineSettings, Process, ProcessStep
from workflows_app.statuses import FAILURES, ProcessStatus

PAGES = {"application/json": {"type": ["array", "null"], "items": {"type": "object"}}}
REFUSALS = dict.fromkeys((400, 403, 404, 409), RefusalSerializer)


class EngineView(APIView):
    """What the views share: refusals of the engine become problem details."""

    def get_exception_handler(self) -> Any:
        """Return the table of refusals."""
        return refusals.answer


class StartProcess(EngineView):
    """Starting a workflow."""

    @extend_schema(
        operation_id="process_start",
        request=PAGES,
        parameters=[
            OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER)
            for name in ("Idempotency-Key", "traceparent")
        ],
        responses={
            201: StartedSerializer,
            412: RefusalSerializer,
            422: RefusalSerializer,
            510: OpenApiTypes.OBJECT,
            **REFUSALS,
        },
    )
    def post(self, request: Request, workflow_name: str) -> Response:
        """Start a workflow with one object for each page of its form.

        510 says which page is needed next, 400 what is wrong with one; 201 gives the process.
        """
        policy.require_start(request.user, registry.get(workflow_name))
        process = engine.start(
            workflow_name,
            inputs=_pages(request.data),
            by=request.user.get_username(),
            key=request.headers.get("Idempotency-Key") or None,
            traceparent=request.headers.get("traceparent", ""),
        )
        return Response({"id": str(process.pk)}, status=201)


def described(process: Any, user: Any) -> Any:
    """Return the process with what its serializer shows beside its columns."""
    in_order = ProcessStep.objects.order_by("position")
    prefetch_related_objects([process], Prefetch("steps", in_order))
    process.state = load(process).state
    process.allowed_actions = policy.allowed_actions(user, process)
    return process


class ProcessDetail(EngineView):
    """One process."""

    @extend_schema(
        operation_id="process_show", responses={200: ProcessDetailSerializer, **REFUSALS}
    )
    def get(self, request: Request, process_id: UUID) -> Response:
        """Show a process with its steps and its state."""
        require_view(request)
        return Response(ProcessDetailSerializer(described(unlocked(process_id), request.user)).data)


class Resume(EngineView):
    """Letting a process go on."""

    @extend_schema(
        operation_id="process_resume",
        request=PAGES,
        responses={204: None, 510: OpenApiTypes.OBJECT, **REFUSALS},
    )
    def put(self, request: Request, process_id: UUID) -> Response:
        """Answer a suspended process's form, retry a failed one, or end a wait for a time."""
        process = unlocked(process_id)
        by = request.user.get_username()
        if process.status in FAILURES:
            policy.require(request.user, "retry", process)
            engine.retry(process_id, by=by)
        elif process.status == ProcessStatus.WAITING:
            policy.require(request.user, "resume", process)
            engine.resume(process_id, by=by)
        else:
            policy.require(request.user, "resume", process)
            engine.submit(process_id, inputs=_pages(request.data), by=by)
        return Response(status=204)


class Reject(EngineView):
    """Answering the form of a suspended process with no."""

    @extend_schema(
        operation_id="process_reject",
        request=NeedsReasonSerializer,
        responses={204: None, **REFUSALS},
    )
    def put(self, request: Request, process_id: UUID) -> Response:
        """Fail the step that waits for a form, for the reason given."""
        body = NeedsReasonSerializer(data=request.data or {})
        body.is_valid(raise_exception=True)
        policy.require(request.user, "reject", unlocked(process_id))
        engine.reject(
            process_id, by=request.user.get_username(), reason=body.validated_data["reason"]
        )
        return Response(status=204)


class Abort(EngineView):
    """Ending a process."""

    @extend_schema(
        operation_id="process_abort",
        request=ReasonSerializer,
        responses={204: None, **REFUSALS},
    )
    def put(self, request: Request, process_id: UUID) -> Response:
        """Abort a process. A step that is running now is recorded; nothing follows it."""
        body = ReasonSerializer(data=request.data or {})
        body.is_valid(raise_exception=True)
        policy.require(request.user, "abort", unlocked(process_id))
        engine.abort(
            process_id, by=request.user.get_username(), reason=body.validated_data["reason"]
        )
        return Response(status=204)


class Engine(EngineView):
    """The engine as a whole."""

    @extend_schema(operation_id="engine_status", responses={200: EngineSerializer, **REFUSALS})
    def get(self, request: Request) -> Response:
        """Say whether the engine runs, is pausing or is paused."""
        require_view(request)
        return Response(_engine_status())

    @extend_schema(
        operation_id="engine_switch",
        request=EngineSerializer,
        responses={200: EngineSerializer, **REFUSALS},
    )
    def put(self, request: Request) -> Response:
        """Pause or unpause the engine."""
        policy.require_pause(request.user)
        body = EngineSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        switch = engine.pause if body.validated_data["global_lock"] else engine.unpause
        switch(by=request.user.get_username(), reason=body.validated_data["reason"])
        return Response(_engine_status())


def _engine_status() -> dict[str, Any]:
    row = EngineSettings.objects.filter(pk=1).first()
    locked = bool(row and row.global_lock)
    running = Process.objects.filter(status=ProcessStatus.RUNNING).count()
    status = ("PAUSING" if running else "PAUSED") if locked else "RUNNING"
    return {
        "global_lock": locked,
        "global_status": status,
        "running_processes": running,
        "reason": row.reason if row else "",
    }


def _pages(data: Any) -> list[Any]:
    """Return the body as a list of pages; null stands for one empty page."""
    if data is None:
        return [{}]
    if not isinstance(data, list):
        raise errors.MalformedInputs(
            "The body is a list with one object for each page of the form."
        )
    return data


def require_view(request: Request) -> None:
    """Raise NotAllowed unless the caller may see processes."""
    if not request.user.has_perm(policy.PERMISSIONS["view"]):
        raise errors.NotAllowed("you may not see processes")
