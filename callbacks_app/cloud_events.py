"""CloudEvents 1.0 over HTTP: what an event carries, and the handshake before the first one.

Source: CloudEvents 1.0.2 - HTTP Protocol Binding §3, JSON Event Format §3, HTTP Web Hooks §4.
"""

import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from django.http import HttpRequest

from callbacks_app import throttles
from callbacks_app.errors import MalformedPayload
from workflows_app.json_values import JSON, JSONObject

FAMILY = "application/cloudevents"  # Batches and other formats begin with it too.
MEDIA_TYPE = "application/cloudevents+json"
REQUIRED = ("specversion", "id", "source", "type")
SPEC_VERSION = "1.0"

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Event:
    """An event: who sent it, and its data; bytes are still to be read as ``media_type``."""

    source: str
    id: str
    media_type: str
    data: JSON | bytes


def structured(envelope: JSON) -> Event:
    """Return the event that is a JSON object.

    Raises:
        MalformedPayload: an attribute is missing or no text, or the data is there twice.
    """
    if not isinstance(envelope, dict):
        raise MalformedPayload("A CloudEvent is a JSON object.")
    attributes = _attributes(envelope)
    media_type = envelope.get("datacontenttype") or "application/json"
    if not isinstance(media_type, str):
        raise MalformedPayload("The CloudEvent's datacontenttype is not text.")
    return Event(attributes["source"], attributes["id"], _bare(media_type), _data(envelope))


def is_binary(headers: Mapping[str, str]) -> bool:
    """Return whether the headers are those of an event whose data is the body."""
    return any(f"ce-{name}" in headers for name in REQUIRED)


def binary(headers: Mapping[str, str], body: bytes) -> Event:
    """Return the event whose attributes are headers and whose data is the body, if it has one.

    Raises:
        MalformedPayload: an attribute is missing, or cannot be decoded.
    """
    given = {
        name: _decoded(name, headers[f"ce-{name}"]) for name in REQUIRED if f"ce-{name}" in headers
    }
    attributes = _attributes(given)
    media_type = headers.get("Content-Type") or "application/json"
    return Event(attributes["source"], attributes["id"], _bare(media_type), body or None)


def handshake(request: HttpRequest) -> dict[str, str]:
    """Return the headers that allow the sender of an OPTIONS request to send events.

    Any sender may: the token in the address is what lets it in. An address to confirm at
    (``WebHook-Request-Callback``) is not called, so that nobody can make this site call others.
    """
    origin = request.headers.get("WebHook-Request-Origin")
    if not origin:
        return {}
    rate = throttles.allowed_per_minute()
    return {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": str(rate or "*")}


def cors(methods: Iterable[str]) -> dict[str, str]:
    """Return the headers that let scripts of any site call an endpoint and read its answer.

    No cookie counts there, so a visitor's browser lends a foreign site nothing.

    Source: https://fetch.spec.whatwg.org/#http-cors-protocol
    """
    return {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": "*",
        "Access-Control-Expose-Headers": "Idempotent-Replayed, Retry-After",
        "Access-Control-Max-Age": "600",
    }


def _attributes(given: Mapping[str, JSON]) -> dict[str, str]:
    for name in REQUIRED:
        value = given.get(name)
        if not isinstance(value, str) or not value.strip():
            raise MalformedPayload(f"The CloudEvent's {name} is missing, empty or not text.")
    if given["specversion"] != SPEC_VERSION:
        raise MalformedPayload(f"The CloudEvent's specversion is not {SPEC_VERSION}.")
    return {name: given[name] for name in REQUIRED}


def _data(envelope: JSONObject) -> JSON | bytes:
    encoded = envelope.get("data_base64")
    if encoded is None:
        return envelope.get("data")
    if "data" in envelope:
        raise MalformedPayload("The CloudEvent has both data and data_base64.")
    try:
        return b64decode(encoded, validate=True)
    except (TypeError, ValueError) as error:
        raise MalformedPayload("The CloudEvent's data_base64 is not base64.") from error


def _decoded(name: str, value: str) -> str:
    """Return a header's value without its quotes and its percent encoding (binding §3.1.3.2)."""
    if quoted := _QUOTED.fullmatch(value):
        value = _ESCAPED.sub(r"\1", quoted[1])
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise MalformedPayload(f"The CloudEvent's {name} is not UTF-8.") from error


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
