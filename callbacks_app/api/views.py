"""Look at callbacks, and answer them by hand. The login is the credential, not the token."""

from datetime import timedelta
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from callbacks_app import by_hand, payloads, problems, revealing, selection
from callbacks_app.answers import Receipt
from callbacks_app.api.serializers import (
    Adoption,
    ByHand,
    CallbackDetailSerializer,
    CallbackSerializer,
    Completion,
    Extension,
    ExtensionReceipt,
    FailureByHand,
    Revealed,
    Revealing,
)
from callbacks_app.by_hand import Person
from callbacks_app.errors import InvalidPayload, NotPermitted, UnknownToken
from callbacks_app.models import CallbackAttempt, CallbackToken
from callbacks_app.serializers import Problem, ReceiptSerializer
from callbacks_app.views import RECEIPT_CODES, error_in
from workflows_app import policy
from workflows_app.api import refusals
from workflows_app.api.lists import Pages
from workflows_app.json_values import JSON, JSONObject

READING = dict.fromkeys((401, 403, 404), Problem)
PROBLEMS = dict.fromkeys((400, 401, 403, 404, 409, 410, 413, 415, 422), Problem)
RECEIPTS = {200: ReceiptSerializer, 202: ReceiptSerializer, **PROBLEMS}


class StrictJSON(JSONParser):
    """As strict as for remote systems: what one of them may not send, nobody sends for it."""

    def parse(self, _stream: Any, _media_type: Any = None, parser_context: Any = None) -> JSON:
        """Return the body; a refusal says what is wrong with it."""
        request = parser_context["request"]._request  # noqa: SLF001 - unparsed.
        return payloads.parse(payloads.raw(request))


class CallbackView(APIView):
    """What the views share: the project's login, strict JSON, refusals as problem details."""

    parser_classes = (StrictJSON,)

    def get_exception_handler(self) -> Any:
        """Return the tables of refusals: ours, then the engine's."""
        return lambda error, context: problems.of(error) or refusals.answer(error, context)


class Callbacks(CallbackView, ListAPIView[CallbackToken]):
    """The list of callbacks, newest first."""

    serializer_class = CallbackSerializer
    pagination_class = Pages

    def get_queryset(self) -> Any:
        """Return what the filters leave."""
        _require_view(self.request)
        wanted = self.request.query_params.get("status", "")
        statuses = [part.strip() for part in wanted.split(",") if part.strip()]
        process = self.request.query_params.get("process", "")
        q = self.request.query_params.get("q", "").replace("\0", "").strip()[:200]
        return selection.callbacks(statuses=statuses, process=process, q=q).order_by("-pk")

    @extend_schema(
        operation_id="callback_list",
        parameters=[
            OpenApiParameter(
                "status",
                description=f"One or more of {', '.join(selection.STATUSES)}, with commas.",
            ),
            OpenApiParameter("process", OpenApiTypes.UUID),
            OpenApiParameter(
                "q",
                description="The beginning of an id of a callback or a process, or words of a "
                "step or a workflow.",
            ),
        ],
        responses={200: CallbackSerializer(many=True), **READING},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List callbacks."""
        return super().get(request, *args, **kwargs)


class CallbackDetail(CallbackView):
    """One callback."""

    @extend_schema(
        operation_id="callback_show", responses={200: CallbackDetailSerializer, **READING}
    )
    def get(self, request: Request, callback_id: str) -> Response:
        """Show a callback: where it stands, its answer, and everybody who tried.

        The payload of an attempt that is ``adoptable`` is a result that came too late.
        """
        _require_view(request)
        callback = by_hand.find(callback_id)
        return Response(CallbackDetailSerializer(callback, context={"user": request.user}).data)


class Complete(CallbackView):
    """Giving the result by hand."""

    @extend_schema(operation_id="callback_complete", request=Completion, responses=RECEIPTS)
    def post(self, request: Request, callback_id: str) -> Response:
        """Answer the callback with a result, in the remote system's place.

        If it has ended without one and the process stands still because of that, the result
        overrules how it ended, and the process goes on.
        """
        callback = _found(request, callback_id)
        body = _read(Completion, request)
        return _receipt(
            by_hand.complete(callback, result=body["result"], person=_person(request, body))
        )


class Fail(CallbackView):
    """Giving the failure by hand."""

    @extend_schema(operation_id="callback_fail", request=FailureByHand, responses=RECEIPTS)
    def post(self, request: Request, callback_id: str) -> Response:
        """Answer the callback with a failure, in the remote system's place."""
        callback = _found(request, callback_id)
        person = _person(request, _read(ByHand, request))
        return _receipt(by_hand.fail(callback, error=error_in(request.data), person=person))


class Cancel(CallbackView):
    """Withdrawing a callback."""

    @extend_schema(operation_id="callback_cancel", request=ByHand, responses=RECEIPTS)
    def post(self, request: Request, callback_id: str) -> Response:
        """Withdraw the callback: its step fails, and the remote system's next request is 410."""
        callback = _found(request, callback_id)
        return _receipt(by_hand.cancel(callback, person=_person(request, _read(ByHand, request))))


class Extend(CallbackView):
    """Moving the deadline."""

    @extend_schema(
        operation_id="callback_extend",
        request=Extension,
        responses={200: ExtensionReceipt, **PROBLEMS},
    )
    def post(self, request: Request, callback_id: str) -> Response:
        """Let the deadline be at least so many seconds from now; a later one stays as it is."""
        callback = _found(request, callback_id)
        body = _read(Extension, request)
        span = timedelta(seconds=body["seconds"])
        by_hand.extend(callback, span=span, person=_person(request, body))
        receipt = {"code": "accepted", "deadline_at": callback.deadline_at}
        return Response(ExtensionReceipt(receipt).data)


class Adopt(CallbackView):
    """Taking a late result after all."""

    @extend_schema(operation_id="callback_adopt", request=Adoption, responses=RECEIPTS)
    def post(self, request: Request, callback_id: str) -> Response:
        """Take a result that was refused because it came too late.

        It answers the step's newest callback: an open one, or the one that the process stands
        still at.
        """
        callback = _found(request, callback_id)
        body = _read(Adoption, request)
        person = _person(request, body)
        return _receipt(by_hand.adopt(_attempt(callback, body["attempt"]), person=person))


class Reveal(CallbackView):
    """Showing the address."""

    @extend_schema(
        operation_id="callback_reveal",
        request=Revealing,
        responses={200: Revealed, **PROBLEMS},
    )
    def post(self, request: Request, callback_id: str) -> Response:
        """Show the address of an open callback. Every time is an entry in the action log."""
        callback = _found(request, callback_id)
        reason = _read(Revealing, request)["reason"]
        shown = revealing.reveal(callback, user=request.user, via="api", reason=reason)
        return Response(Revealed(shown).data, headers={"Cache-Control": "no-store"})


def _found(request: Request, callback_id: str) -> CallbackToken:
    callback = by_hand.find(callback_id)
    by_hand.require(request.user, callback)
    return callback


def _attempt(callback: CallbackToken, attempt_id: int) -> CallbackAttempt:
    attempt = callback.attempts.filter(pk=attempt_id).first()
    if attempt is None:
        raise UnknownToken("This callback has no such request.")
    return attempt


def _person(request: Request, body: JSONObject) -> Person:
    return Person(name=request.user.get_username(), via="api", reason=body["reason"])


def _read(shape: type[Serializer[Any]], request: Request) -> JSONObject:
    """Return the body in that shape.

    Raises:
        InvalidPayload: it has another.
    """
    data = request.data
    body = shape(data=data)
    if not body.is_valid():
        raise InvalidPayload("The body is not what this address takes.", errors=body.errors)
    return dict(body.validated_data)


def _receipt(code: Receipt) -> Response:
    return Response({"code": code}, status=RECEIPT_CODES[code])


def _require_view(request: Request) -> None:
    if not request.user.has_perm(policy.PERMISSIONS["view"]):
        raise NotPermitted("You may not see callbacks.")
