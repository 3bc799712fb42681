"""Read what a remote system sent: strict JSON of a bounded size, and nothing else.

In two stages, ``raw`` and ``message``, as a signature is of the bytes and has to be checked before
anything in them is believed.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from callbacks_app import cloud_events
from callbacks_app.errors import (
    InvalidPayload,
    MalformedPayload,
    PayloadTooLarge,
    UnsupportedType,
)
from workflows_app import app_settings
from workflows_app.errors import NotJSON
from workflows_app.json_values import JSON, to_json

JSON_TYPE = "application/json"
TEXT = "text/plain"
LONGEST_KEY = 255  # Characters.
KEY_HEADERS = ("Idempotency-Key", "webhook-id")


@dataclass(frozen=True, slots=True)
class Message:
    """What a request says: its payload, and the key by which a repetition is known, or ""."""

    value: JSON
    key: str


def raw(request: HttpRequest) -> bytes:
    """Return the body as it was sent.

    Raises:
        PayloadTooLarge: it is longer than ``CALLBACK_MAX_BYTES``; no more than that is read.
        MalformedPayload: it ended early.
    """
    limit = app_settings.get("CALLBACK_MAX_BYTES")
    length = _declared_length(request)
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


def message(request: HttpRequest, body: bytes, *, allow_text: bool = False) -> Message:
    """Return what the request says, taken out of a CloudEvent if it is one.

    The key is the header ``Idempotency-Key``, else ``webhook-id``, else what identifies the event.

    Args:
        body: the request's, as ``raw`` returns it.
        allow_text: take plain text too, as a string.
    Raises:
        UnsupportedType: it is neither JSON nor, where allowed, text.
        MalformedPayload: it is not strict JSON (a key twice, NaN, NUL, lone surrogates, too deep),
            not a complete event, or its key is too long or not printable.
    """
    key = _key_of(request.headers)
    event = _event(request, body)
    if event is None:
        return Message(_value(body, _media_type(request), allow_text=allow_text), key)
    return Message(_event_value(event, allow_text=allow_text), key or _event_key(event))


def parse(body: bytes) -> JSON:
    """Return strict JSON.

    Raises:
        MalformedPayload: it is not; see ``message``.
    """
    text = _decoded(body)
    if not text.strip():
        raise MalformedPayload(_("The body is empty."))
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_unique_keys,
        )
    except RecursionError as error:
        raise MalformedPayload(_("The JSON is nested too deeply.")) from error
    except ValueError as error:
        raise MalformedPayload(_("The body is not JSON: %(error)s") % {"error": error}) from error
    if _deeper_than(value, app_settings.get("CALLBACK_MAX_DEPTH")):
        raise MalformedPayload(_("The JSON is nested too deeply."))
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


def _declared_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0  # As Django takes it.


def _stream(request: HttpRequest) -> Any:
    """Return what to read from: Django takes a body of unknown length (chunked) for empty."""
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        return request.META["wsgi.input"]
    return request


def _media_type(request: HttpRequest) -> str:
    return (request.content_type or JSON_TYPE).lower()


def _event(request: HttpRequest, body: bytes) -> cloud_events.Event | None:
    if _media_type(request) == cloud_events.MEDIA_TYPE:
        return cloud_events.structured(parse(body))
    if cloud_events.is_binary(request.headers):
        return cloud_events.binary(request.headers, body)
    return None


def _event_value(event: cloud_events.Event, *, allow_text: bool) -> JSON:
    if isinstance(event.data, bytes):
        return _value(event.data, event.media_type, allow_text=allow_text)
    if event.data is not None:
        _require_taken(event.media_type, allow_text=allow_text)
    return event.data


def _value(body: bytes, media_type: str, *, allow_text: bool) -> JSON:
    _require_taken(media_type, allow_text=allow_text)
    return _checked(_decoded(body)) if media_type == TEXT else parse(body)


def _require_taken(media_type: str, *, allow_text: bool) -> None:
    if allow_text and media_type == TEXT:
        return
    is_json = media_type == JSON_TYPE or media_type.endswith("+json")
    if not is_json or media_type.startswith(cloud_events.FAMILY):
        raise UnsupportedType(f"{media_type} is not taken here; send {JSON_TYPE}.")


def _key_of(headers: Mapping[str, str]) -> str:
    """Return the key that the sender chose, or ""."""
    key = next((headers[name] for name in KEY_HEADERS if headers.get(name)), "")
    if len(key) > LONGEST_KEY or not key.isprintable():
        problem = f"An idempotency key has at most {LONGEST_KEY} printable characters."
        raise MalformedPayload(problem, code="malformed_key")
    return key


def _event_key(event: cloud_events.Event) -> str:
    """Return the source and the id as JSON, which ends one before the other begins.

    Too long a pair is hashed, as its sender may not shorten it.
    """
    key = json.dumps([event.source, event.id])
    if len(key) <= LONGEST_KEY:
        return key
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedPayload(_("The body is not UTF-8.")) from error


def _checked(value: JSON) -> JSON:
    try:
        return to_json(value, what=_("The body"))
    except NotJSON as error:
        raise MalformedPayload(str(error)) from error


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedPayload(_("The JSON has an object with the same key twice."))
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedPayload(_("%(name)s is not JSON.") % {"name": name})


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise MalformedPayload(_("The number %(number)s is too large.") % {"number": text[:40]})
    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:  # Python refuses thousands of digits, whose reading takes long.
        problem = _("The number %(number)s… has too many digits.") % {"number": text[:40]}
        raise MalformedPayload(problem) from error


def _deeper_than(value: JSON, limit: int) -> bool:
    """Return whether ``value`` has more than ``limit`` levels, looking level by level."""
    level = [value]
    for _level in range(limit):
        level = [item for outer in level for item in _children(outer)]
        if not level:
            return False
    return True


def _children(value: JSON) -> Iterable[JSON]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
