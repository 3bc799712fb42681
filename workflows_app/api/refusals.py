"""Which refusal is which HTTP status: the one table of this edge."""

from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from workflows_app import errors, forms

STATUS_CODES: dict[type[Exception], int] = {
    errors.UnknownWorkflow: 404,
    errors.UnknownProcess: 404,
    errors.UnknownSubscription: 404,
    errors.UnknownSchedule: 404,
    errors.UnknownEndpoint: 404,
    errors.EndpointRefused: 400,
    errors.NameTaken: 409,
    errors.ScheduleError: 400,
    errors.SubscriptionLocked: 409,
    errors.UnknownStep: 409,
    errors.WrongStatus: 409,
    errors.AlreadyAnswered: 409,
    errors.ChangedMeanwhile: 409,
    errors.NotAllowed: 403,
    errors.StartRefused: 412,
    errors.KeyReused: 422,
    errors.MalformedKey: 400,
    errors.NotJSON: 400,
    errors.FormError: 400,
    errors.SearchTooSlow: 400,
    errors.WorkflowError: 422,  # The workflow's own mistake: nothing that a caller could mend.
}
TITLES = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    412: "Precondition Failed",
    422: "Unprocessable Content",
}


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer a refusal of ours; leave the rest to REST framework."""
    if isinstance(error, errors.FormNotComplete | errors.FormRejected):
        document = forms.page_document(error.page)
        return Response(document, status=document["status"])
    if isinstance(error, RecursionError):
        return _problem(400, "TooDeep", "The JSON is nested too deeply.")
    for kind, status in STATUS_CODES.items():
        if isinstance(error, kind):
            return _problem(status, type(error).__name__, str(error))
    response = exception_handler(error, context)
    if response is not None and isinstance(error, APIException):
        response.data = _body(response.status_code, error.default_code, _sentence(error))
    return response


def _problem(status: int, code: str, detail: str) -> Response:
    return Response(
        _body(status, code, detail), status=status, content_type="application/problem+json"
    )


def _body(status: int, code: str, detail: str) -> dict[str, Any]:
    title = TITLES.get(status, code)
    return {"title": title, "status": status, "code": code, "detail": detail}


def _sentence(error: APIException) -> str:
    detail = error.detail
    return str(detail) if isinstance(detail, str) else "; ".join(map(str, _flat(detail)))


def _flat(detail: Any) -> list[Any]:
    if isinstance(detail, dict):
        return [f"{key}: {text}" for key, value in detail.items() for text in _flat(value)]
    if isinstance(detail, list):
        return [text for value in detail for text in _flat(value)]
    return [detail]
