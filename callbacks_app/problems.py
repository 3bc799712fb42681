"""Refusals as problem details: the one table from errors to HTTP.

Source: RFC 9457; RFC 9110 for the status codes.
"""

import math
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import APIException, MethodNotAllowed, Throttled
from rest_framework.response import Response

from callbacks_app import errors
from callbacks_app.errors import CallbackError

STATUS_CODES: dict[type[CallbackError], int] = {
    errors.UnknownToken: 404,
    errors.BadSignature: 401,
    errors.NotPermitted: 403,
    errors.AlreadyAnswered: 409,
    errors.KeyReused: 422,
    errors.NoLongerOpen: 410,
    errors.MalformedPayload: 400,
    errors.PayloadTooLarge: 413,
    errors.UnsupportedType: 415,
    errors.InvalidPayload: 422,
    errors.ReasonMissing: 400,
}
ACCEPT_POST = "application/json, application/cloudevents+json"
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # Since RFC 9110.


def of(error: Exception) -> Response | None:
    """Return the answer to a refusal, or None if ``error`` is none."""
    if isinstance(error, CallbackError):
        response = problem(STATUS_CODES[type(error)], error.code, str(error), **error.facts)
        if isinstance(error, errors.UnsupportedType):
            response["Accept-Post"] = ACCEPT_POST
        return response
    if isinstance(error, OperationalError | InterfaceError):
        response = problem(503, "unavailable", "The database is not available; try again.")
        response["Retry-After"] = "5"
        return response
    return _framework(error) if isinstance(error, APIException) else None


def problem(status: int, code: str, detail: str, **facts: Any) -> Response:
    """Return a problem of RFC 9457 with a stable ``code``."""
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status}
    return Response(
        body | {"code": code, "detail": detail} | facts,
        status=status,
        content_type="application/problem+json",
    )


def _framework(error: APIException) -> Response:
    """Return the answer to what REST framework itself refuses."""
    if isinstance(error, MethodNotAllowed):
        return problem(405, "method_not_allowed", str(error.detail))
    response = problem(error.status_code, error.default_code, str(error.detail))
    if isinstance(error, Throttled):
        response["Retry-After"] = str(math.ceil(getattr(error, "wait", None) or 1))
    return response
