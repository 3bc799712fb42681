"""The endpoints that remote systems call. The token in the address is the credential.

Source: RFC 9457 (problem details) for every refusal.
"""

from typing import Any

from django.db import InterfaceError, OperationalError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from callbacks_app import payloads, tokens
from callbacks_app.errors import (
    AlreadyAnswered,
    BadSignature,
    CallbackError,
    InvalidPayload,
    KeyReused,
    MalformedPayload,
    NoLongerOpen,
    NotPermitted,
    PayloadTooLarge,
    UnknownToken,
    UnsupportedType,
)
from callbacks_app.models import CallbackToken
from callbacks_app.serializers import CallbackState, Problem, Receipt, RemoteFailure
from callbacks_app.steps import CallbackOptions
from workflows_app import registry
from workflows_app.errors import UnknownStep, UnknownWorkflow

STATUS_CODES: dict[type[CallbackError], int] = {
    UnknownToken: 404,
    BadSignature: 401,
    NotPermitted: 403,
    AlreadyAnswered: 409,
    KeyReused: 422,
    NoLongerOpen: 410,
    MalformedPayload: 400,
    PayloadTooLarge: 413,
    UnsupportedType: 415,
    InvalidPayload: 422,
}
RECEIPT_CODES = {"accepted": 200, "stored_early": 202, "held": 202}
PROBLEMS = dict.fromkeys((400, 404, 409, 410, 413, 415, 503), Problem)


class CallbackView(APIView):
    """What the endpoints share: no login, no session, and refusals as problem details."""

    authentication_classes = ()
    permission_classes = ()

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal."""
        if isinstance(exc, CallbackError):
            return problem(STATUS_CODES[type(exc)], exc.code, str(exc), **exc.facts)
        if isinstance(exc, MethodNotAllowed):
            response = problem(405, "method_not_allowed", str(exc.detail))
            response["Allow"] = ", ".join(self.allowed_methods)
            return response
        if isinstance(exc, OperationalError | InterfaceError):
            response = problem(503, "unavailable", "The database is not available; try again.")
            response["Retry-After"] = "5"
            return response
        if isinstance(exc, APIException):
            return problem(exc.status_code, exc.default_code, str(exc.detail))
        raise exc

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Keep addresses with tokens out of caches and referrers."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        return response


class Receive(CallbackView):
    """The result of a callback."""

    @extend_schema(
        operation_id="callback_result",
        auth=[],
        request=OpenApiTypes.ANY,
        responses={200: Receipt, 202: Receipt, 422: Problem, **PROBLEMS},
    )
    def post(self, request: Request, process_id: str, token: str) -> Response:
        """Answer the callback with a result: any JSON. The first answer counts."""
        callback = tokens.verified(process_id, token)
        result = payloads.fit(payloads.read(request._request), payload_model(callback))  # noqa: SLF001
        return receipt(callback, tokens.Answer(result=result, source=address(request)))

    @extend_schema(
        operation_id="callback_state", auth=[], responses={200: CallbackState, 404: Problem}
    )
    def get(self, _request: Request, process_id: str, token: str) -> Response:
        """Say whether the callback is still open. Never consumes it."""
        callback = tokens.verified(process_id, token)
        return Response(
            {
                "id": callback.public_id,
                "status": callback.status,
                "open": callback.is_open and not callback.process.is_final,
                "deadline_at": callback.deadline_at,
            }
        )


class Fail(CallbackView):
    """The failure of a callback."""

    @extend_schema(
        operation_id="callback_failure",
        auth=[],
        request=RemoteFailure,
        responses={200: Receipt, 202: Receipt, 422: Problem, **PROBLEMS},
    )
    def post(self, request: Request, process_id: str, token: str) -> Response:
        """Answer the callback with a failure: the step fails with its type, message and data."""
        callback = tokens.verified(process_id, token)
        body = payloads.read(request._request)  # noqa: SLF001 - unparsed.
        failure = RemoteFailure(data=body if isinstance(body, dict) else {})
        if not failure.is_valid():
            raise InvalidPayload(errors=failure.errors)
        fields: list[str] = list(failure.fields)
        error = {"error_type": "Failure"} | {key: body[key] for key in fields if key in body}
        return receipt(callback, tokens.Answer(error=error, source=address(request)))


class Progress(CallbackView):
    """The progress of a callback."""

    @extend_schema(
        operation_id="callback_progress",
        auth=[],
        request=OpenApiTypes.ANY,
        responses={200: Receipt, **PROBLEMS},
    )
    def post(self, request: Request, process_id: str, token: str) -> Response:
        """Replace the progress that operators see: any JSON, or a plain string."""
        callback = tokens.verified(process_id, token)
        progress = payloads.read(request._request, allow_text=True)  # noqa: SLF001 - unparsed.
        try:
            tokens.report_progress(callback, progress)
        except AlreadyAnswered as error:
            raise NoLongerOpen("The callback was answered.", code="finished") from error
        return Response({"code": "accepted"})


def payload_model(callback: CallbackToken) -> Any:
    """Return the model that the answer must fit, as today's code has it."""
    try:
        definition = registry.get(callback.process.workflow.name)
        options = definition.step(callback.path).options
    except (UnknownWorkflow, UnknownStep):
        return None
    return options.payload_model if isinstance(options, CallbackOptions) else None


def receipt(callback: CallbackToken, answer: tokens.Answer) -> Response:
    """Hand the answer in and say what became of it."""
    code = tokens.receive(callback, answer)
    return Response({"code": code}, status=RECEIPT_CODES[code])


def problem(status: int, code: str, detail: str, **facts: Any) -> Response:
    """Return a problem of RFC 9457 with a stable ``code``."""
    body = {"type": "about:blank", "title": TITLES.get(status, "Refused"), "status": status}
    return Response(
        body | {"code": code, "detail": detail} | facts,
        status=status,
        content_type="application/problem+json",
    )


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


def address(request: Request) -> str:
    """Return the caller's address."""
    return str(request.META.get("REMOTE_ADDR", ""))
