"""The endpoints that remote systems call. The token in the address is the credential."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from callbacks_app import (
    answers,
    cloud_events,
    contracts,
    operations,
    payloads,
    problems,
    tokens,
)
from callbacks_app.answers import Answer, Receipt
from callbacks_app.errors import AlreadyAnswered, InvalidPayload, NoLongerOpen, NotPermitted
from callbacks_app.incoming import Incoming
from callbacks_app.serializers import (
    CallbackState,
    Heartbeat,
    HeartbeatReceipt,
    Problem,
    ReceiptSerializer,
    RemoteFailure,
)
from callbacks_app.throttles import PerAddress, PerToken
from workflows_app.json_values import JSON

RECEIPT_CODES: dict[Receipt, int] = {
    "accepted": 200,
    "replayed": 200,
    "stored_early": 202,
    "held": 202,
}
PROBLEMS = dict.fromkeys((400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 503), Problem)
RECEIPTS = {200: ReceiptSerializer, 202: ReceiptSerializer, **PROBLEMS}
READING = dict.fromkeys((404, 429, 503), Problem)
KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same in every try to send this answer; `webhook-id` is taken for it too.",
)


class AlwaysJSON(BaseContentNegotiation):
    """Answer in JSON whatever the caller accepts: a result is never refused for its ``Accept``."""

    def select_renderer(
        self, _request: Any, renderers: Any, _format_suffix: str | None = None
    ) -> Any:
        """Return the only renderer there is."""
        return renderers[0], renderers[0].media_type


class CallbackView(APIView):
    """What the endpoints share: no login, no session, and refusals as problem details."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (PerToken, PerAddress)
    content_negotiation_class = AlwaysJSON

    def get_throttles(self) -> Any:
        """Limit everything but the question which methods there are."""
        return [] if self.request.method == "OPTIONS" else super().get_throttles()

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal."""
        response = problems.of(exc)
        if response is None:
            raise exc
        return response

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Keep addresses with tokens out of caches and referrers; let any page call them."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code >= 400 and response.status_code != 429:
            PerAddress().count(request)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        if response.status_code == 405:
            response["Allow"] = ", ".join(self.allowed_methods)
        for name, value in cloud_events.cors(self.allowed_methods).items():
            response[name] = value
        return response

    @extend_schema(exclude=True)
    def options(self, request: Any, *_args: Any, **_kwargs: Any) -> Response:
        """Say how the address may be called: to browsers, and to CloudEvents senders."""
        headers = cloud_events.handshake(request._request)  # noqa: SLF001 - its headers.
        allow = {"Allow": ", ".join(self.allowed_methods), "Accept-Post": problems.ACCEPT_POST}
        return Response(status=204, headers=allow | headers)


class Receive(CallbackView):
    """The result of a callback."""

    @extend_schema(
        operation_id="callback_result",
        auth=[],
        parameters=[KEY],
        request={"application/json": OpenApiTypes.ANY, cloud_events.MEDIA_TYPE: operations.EVENT},
        responses=RECEIPTS,
    )
    def post(self, request: Request, process_id: str, token: str) -> Response:
        """Answer the callback with a result: any JSON, or a CloudEvent. The first answer counts."""
        opened = tokens.verified(token, process_id=process_id)
        with Incoming(request, opened, "result") as incoming:
            result = payloads.fit(incoming.read(), incoming.options.payload_model)
            return hand_in(incoming, Answer(result=result))

    @extend_schema(
        operation_id="callback_state",
        auth=[],
        responses={200: CallbackState, **READING},
    )
    def get(self, _request: Request, process_id: str, token: str) -> Response:
        """Say whether the callback is still open. Never consumes it."""
        callback = tokens.verified(token, process_id=process_id).callback
        return Response(CallbackState(callback).data)


class Fail(CallbackView):
    """The failure of a callback."""

    @extend_schema(
        operation_id="callback_failure",
        auth=[],
        parameters=[KEY],
        request=RemoteFailure,
        responses=RECEIPTS,
    )
    def post(self, request: Request, process_id: str, token: str) -> Response:
        """Answer the callback with a failure: the step fails with its type, message and data.

        With ``retryable`` the step may ask again, by another callback, if its author allows it.
        """
        opened = tokens.verified(token, process_id=process_id)
        with Incoming(request, opened, "failure") as incoming:
            return hand_in(incoming, Answer.failure(error_in(incoming.read())))


class Progress(CallbackView):
    """The progress of a callback."""

    @extend_schema(
        operation_id="callback_progress",
        auth=[],
        request={"application/json": OpenApiTypes.ANY, "text/plain": OpenApiTypes.STR},
        responses={200: ReceiptSerializer, **PROBLEMS},
    )
    def post(self, request: Request, process_id: str, token: str) -> Response:
        """Replace the progress that operators see: any JSON, or a plain string.

        ``{"percent": 40, "message": "…"}`` draws a bar. Counts as a heartbeat.
        """
        opened = tokens.verified(token, process_id=process_id)
        with Incoming(request, opened, "progress") as incoming:
            progress = incoming.read(allow_text=True)
            with finished_is_gone():
                answers.report_progress(opened.callback, progress, incoming.sender)
        return Response({"code": "accepted"})


class Beat(CallbackView):
    """The heartbeat of a callback."""

    @extend_schema(
        operation_id="callback_heartbeat",
        auth=[],
        request=Heartbeat,
        responses={200: HeartbeatReceipt, **PROBLEMS},
    )
    def post(self, request: Request, process_id: str, token: str) -> Response:
        """Say that the work goes on; with ``extend_seconds``, that it needs so long from now.

        410 with ``cancel_requested`` says that nobody waits for it any more.
        """
        opened = tokens.verified(token, process_id=process_id)
        with Incoming(request, opened, "heartbeat") as incoming:
            extend_by = _extension(incoming)
            with finished_is_gone():
                answers.beat(opened.callback, incoming.sender, extend_by=extend_by)
        return Response(HeartbeatReceipt(opened.callback).data)


class Contract(CallbackView):
    """What is sent to a callback."""

    @extend_schema(
        operation_id="callback_contract",
        auth=[],
        responses={200: OpenApiTypes.OBJECT, **READING},
    )
    def get(self, _request: Request, process_id: str, token: str) -> Response:
        """Describe this callback as OpenAPI 3.1. Never consumes it; the token is not told."""
        callback = tokens.verified(token, process_id=process_id).callback
        return Response(contracts.document(callback))


@contextmanager
def finished_is_gone() -> Iterator[None]:
    """Turn the conflict of two answers into "gone", for what is no answer."""
    try:
        yield
    except AlreadyAnswered as error:
        raise NoLongerOpen(
            "The callback was answered.", code="finished", cancel_requested=False
        ) from error


def hand_in(incoming: Incoming, answer: Answer) -> Response:
    """Hand the answer in and say what became of it."""
    code = answers.receive(
        incoming.callback, answer, incoming.sender, traceparent=incoming.traceparent
    )
    replayed = {"Idempotent-Replayed": "true"} if code == "replayed" else {}
    return Response({"code": code}, status=RECEIPT_CODES[code], headers=replayed)


def error_in(body: JSON) -> dict[str, Any]:
    """Return the failure that a body reports, as it was sent.

    Raises:
        InvalidPayload: it lacks the message, or a field is of the wrong type.
    """
    failure = RemoteFailure(data=body if isinstance(body, dict) else {})
    if not failure.is_valid():
        raise InvalidPayload(errors=failure.errors)
    sent = body if isinstance(body, dict) else {}
    names = RemoteFailure.Meta.fields
    return {"error_type": "Failure"} | {name: sent[name] for name in names if name in sent}


def _extension(incoming: Incoming) -> timedelta | None:
    """Return how far ahead the caller wants the deadline, as far as the step allows it.

    Raises:
        NotPermitted: it allows none.
        InvalidPayload: that is not a number of seconds.
    """
    body = incoming.read(optional=True)
    fields = Heartbeat(data=body if isinstance(body, dict) else {"details": body})
    if not fields.is_valid():
        raise InvalidPayload(errors=fields.errors)
    wanted = fields.validated_data.get("extend_seconds")
    if wanted is None:
        return None
    limit = incoming.options.extend_span()
    if limit is None:
        raise NotPermitted("This step does not let the remote system move the deadline.")
    return min(timedelta(seconds=wanted), limit)
