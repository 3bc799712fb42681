"""The list of processes over HTTP, and one act on many of them."""

from contextlib import nullcontext
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from workflows_app import bulk
from workflows_app.api.lists import Pages, filtered, parameters
from workflows_app.api.serializers import ProcessSerializer
from workflows_app.api.views import REFUSALS, EngineView, require_view
from workflows_app.bulk import Verb, Wanted
from workflows_app.models import Process
from workflows_app.patience import patience
from workflows_app.selection import TARGETS, Selection, instant

COLUMNS = {
    "status": "status",
    "assignee": "assignee",
    "created_by": "created_by",
    "is_task": "is_task",
    "workflow": "workflow__name",
}
SEARCHES = {
    "q": "As in the console: words, ids, and values of the state as `key=value`.",
    "customer": "The customer of a subscription that the process concerns.",
    "product": "The product of such a subscription.",
    "target": "What the workflow does to a subscription.",
    "mine": "Anything: what the caller started, or a group of theirs has to answer.",
    "started_after": "A date, or a time: from then on.",
    "started_before": "A date, or a time: until then.",
}


class ManySerializer(serializers.Serializer[Any]):
    """Processes to act on, and why."""

    ids = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=bulk.MOST, allow_empty=False
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class ManyWithReasonSerializer(ManySerializer):
    """Processes to act on, and why, which must be said."""

    reason = serializers.CharField(max_length=2000)


class ProcessResultSerializer(serializers.Serializer[Any]):
    """What became of one process."""

    id = serializers.UUIDField()
    done = serializers.BooleanField()
    code = serializers.CharField(help_text='The refusal\'s name, or "".')
    detail = serializers.CharField(help_text='Why it was refused, or "".')


class ResultsSerializer(serializers.Serializer[Any]):
    """What became of each process, in the order they were named."""

    results = ProcessResultSerializer(many=True)


class Processes(EngineView, ListAPIView[Process]):
    """The list of processes, newest first."""

    serializer_class = ProcessSerializer
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[Process]:
        """Return what the filters leave."""
        require_view(self.request)
        asked = {name: _text(self.request, name) for name in SEARCHES}
        _check(asked)
        condition = Selection(**asked).condition(self.request.user)
        rows = Process.objects.select_related("workflow").filter(condition)
        return filtered(rows.order_by("-created_at", "-pk"), self.request, COLUMNS)

    @extend_schema(
        parameters=[
            *parameters(COLUMNS),
            *(
                OpenApiParameter(name, OpenApiTypes.STR, description=text)
                for name, text in SEARCHES.items()
            ),
        ],
        responses={200: ProcessSerializer(many=True), **REFUSALS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List processes."""
        with patience() if _text(request, "q") else nullcontext():
            return super().get(request, *args, **kwargs)


class Many(EngineView):
    """One act on many processes, each by itself."""

    verb: ClassVar[Verb]

    def act(self, request: Request, serializer: type[ManySerializer]) -> Response:
        """Act on each process, and answer with what became of each."""
        require_view(request)
        body = serializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = [Wanted(pk) for pk in dict.fromkeys(body.validated_data["ids"])]
        reason = body.validated_data["reason"]
        results = bulk.each(request.user, self.verb, wanted, reason=reason)
        return Response(ResultsSerializer({"results": list(results)}).data)


class RetryMany(Many):
    """Running failed processes again."""

    verb = "retry"

    @extend_schema(
        operation_id="processes_retry",
        request=ManySerializer,
        responses={200: ResultsSerializer, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Retry failed processes. One's refusal, which its result names, stops no other."""
        return self.act(request, ManySerializer)


class AbortMany(Many):
    """Ending processes."""

    verb = "abort"

    @extend_schema(
        operation_id="processes_abort",
        request=ManyWithReasonSerializer,
        responses={200: ResultsSerializer, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Abort processes. One's refusal, which its result names, stops no other."""
        return self.act(request, ManyWithReasonSerializer)


class ResumeMany(Many):
    """Letting processes go on that wait for a time."""

    verb = "resume"

    @extend_schema(
        operation_id="processes_resume",
        request=ManySerializer,
        responses={200: ResultsSerializer, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Let waiting processes go on now. One's refusal stops no other."""
        return self.act(request, ManySerializer)


def _text(request: Request, name: str) -> str:
    return request.query_params.get(name, "").replace("\0", "").strip()[:200]


def _check(asked: dict[str, str]) -> None:
    """Refuse what would be no filter: a program would take the answer for a filtered one."""
    for name in ("started_after", "started_before"):
        if asked[name] and instant(asked[name]) is None:
            raise serializers.ValidationError({name: _("This is neither a date nor a time.")})
    if asked["target"] not in TARGETS:
        raise serializers.ValidationError({"target": _("There is no such target.")})
