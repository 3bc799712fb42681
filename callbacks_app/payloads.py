"""Read what a remote system sent: strict JSON of a bounded size, and nothing else."""

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn

from django.http import HttpRequest
from pydantic import BaseModel, ValidationError

from callbacks_app.errors import (
    InvalidPayload,
    MalformedPayload,
    PayloadTooLarge,
    UnsupportedType,
)
from workflows_app import app_settings
from workflows_app.errors import NotJSON
from workflows_app.json_values import JSON, to_json

TEXT = "text/plain"


def read(request: HttpRequest, *, allow_text: bool = False) -> JSON:
    """Return the body as JSON; with ``allow_text`` also a plain string.

    Raises:
        PayloadTooLarge: it is longer than ``CALLBACK_MAX_BYTES``; no more than that is read.
        UnsupportedType: it is neither JSON nor, where allowed, text.
        MalformedPayload: it is not strict JSON: a key twice, NaN, NUL, lone surrogates, too deep.
    """
    body = _bounded(request)
    media_type = (request.content_type or "application/json").lower()
    if allow_text and media_type == TEXT:
        return _checked(_decoded(body))
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedType(f"{media_type} is not taken here; send application/json.")
    return parse(body)


def parse(body: bytes) -> JSON:
    """Return strict JSON; see ``read``."""
    text = _decoded(body)
    if not text.strip():
        raise MalformedPayload("The body is empty.")
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unique_keys,
        )
    except RecursionError as error:
        raise MalformedPayload("The JSON is nested too deeply.") from error
    except ValueError as error:
        raise MalformedPayload(f"The body is not JSON: {error}") from error
    if _deeper_than(value, app_settings.get("CALLBACK_MAX_DEPTH")):
        raise MalformedPayload("The JSON is nested too deeply.")
    return _checked(value)


def fit(value: JSON, model: type[BaseModel] | None) -> JSON:
    """Return ``value`` if it fits ``model``.

    Raises:
        InvalidPayload: it does not; ``facts`` lists where and why.
    """
    if model is not None:
        try:
            model.model_validate_json(json.dumps(value))
        except ValidationError as error:
            problems = [
                {"loc": list(problem["loc"]), "msg": problem["msg"], "type": problem["type"]}
                for problem in error.errors(include_url=False, include_context=False)
            ]
            raise InvalidPayload(errors=problems) from error
    return value


def _bounded(request: HttpRequest) -> bytes:
    limit = app_settings.get("CALLBACK_MAX_BYTES")
    declared = request.META.get("CONTENT_LENGTH") or ""
    length = int(declared) if declared.isdigit() else 0
    if length > limit:
        raise PayloadTooLarge(f"The body is longer than {limit} bytes.")
    try:
        body: bytes = _stream(request).read(limit + 1)
    except OSError as error:  # Django's UnreadablePostError, and the server's own.
        raise MalformedPayload("The body could not be read to its end.") from error
    if len(body) > limit:
        raise PayloadTooLarge(f"The body is longer than {limit} bytes.")
    if len(body) < length:
        raise MalformedPayload("The body ended before the length that was declared.")
    return body


def _stream(request: HttpRequest) -> Any:
    """Return what to read from: Django takes a body of unknown length (chunked) for empty."""
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        return request.META["wsgi.input"]
    return request


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedPayload("The body is not UTF-8.") from error


def _checked(value: JSON) -> JSON:
    try:
        return to_json(value, what="The body")
    except NotJSON as error:
        raise MalformedPayload(str(error)) from error


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedPayload("The JSON has an object with the same key twice.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedPayload(f"{name} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise MalformedPayload(f"The number {text[:40]} is too large.")
    return number


def _deeper_than(value: JSON, limit: int) -> bool:
    """Return whether ``value`` has more than ``limit`` levels, looking level by level."""
    level = [value]
    for _ in range(limit):
        level = [item for outer in level for item in _children(outer)]
        if not level:
            return False
    return True


def _children(value: JSON) -> Iterable[JSON]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
