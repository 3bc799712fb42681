"""An event is its data, in either mode; an incomplete one is refused."""

import base64
import json

import pytest
from django.test import RequestFactory

from callbacks_app import cloud_events, payloads
from callbacks_app.errors import MalformedPayload, UnsupportedType
from callbacks_app.payloads import Message

ATTRIBUTES = {"specversion": "1.0", "id": "1", "source": "/runner", "type": "job.done"}
KEY = '["/runner", "1"]'


def structured(**members):
    body = json.dumps(ATTRIBUTES | members)
    return RequestFactory().post("/", body, content_type="application/cloudevents+json")


def binary(body=b"3", content_type="application/json", **changes):
    headers = {f"ce-{name}": value for name, value in (ATTRIBUTES | changes).items()}
    given = {name: value for name, value in headers.items() if value is not None}
    return RequestFactory().post("/", body, content_type=content_type, headers=given)


def message(request, **options):
    return payloads.message(request, payloads.raw(request), **options)


def encoded(data):
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("members", "value"),
    [
        ({"data": {"a": [1]}}, {"a": [1]}),
        ({"data": "text"}, "text"),
        ({"data": '{"not": "parsed"}'}, '{"not": "parsed"}'),
        ({"data": None}, None),
        ({}, None),
        ({"data": 1, "subject": None, "extension": "x"}, 1),
        ({"data": 1, "datacontenttype": "application/vnd.x+JSON; charset=utf-8"}, 1),
        ({"data": 1, "datacontenttype": None}, 1),
        ({"data_base64": encoded(b'{"a": 1}')}, {"a": 1}),
        ({"data_base64": None, "data": 1}, 1),
    ],
)
def test_a_structured_event_is_its_data(members, value):
    assert message(structured(**members)) == Message(value, KEY)


def test_the_media_type_of_an_event_may_have_parameters():
    request = RequestFactory().post(
        "/", json.dumps(ATTRIBUTES), content_type="Application/CloudEvents+JSON; charset=UTF-8"
    )

    assert message(request) == Message(None, KEY)


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        (b'{"a": 1}', "application/json", {"a": 1}),
        (b"3", "application/vnd.x+json", 3),
        (b"3", "", 3),
        (b"", "application/json", None),
    ],
)
def test_a_binary_event_is_its_body(body, content_type, value):
    assert message(binary(body, content_type)) == Message(value, KEY)


@pytest.mark.parametrize("value", [None, "", "  ", 5, ["x"], {}])
@pytest.mark.parametrize("name", cloud_events.REQUIRED)
def test_a_missing_attribute_of_a_structured_event_is_named(name, value):
    with pytest.raises(MalformedPayload, match=f"CloudEvent's {name} is missing"):
        message(structured(**{name: value}))


@pytest.mark.parametrize("value", [None, "", "%20"])
@pytest.mark.parametrize("name", cloud_events.REQUIRED)
def test_a_missing_attribute_of_a_binary_event_is_named(name, value):
    with pytest.raises(MalformedPayload, match=f"CloudEvent's {name} is missing"):
        message(binary(**{name: value}))


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"specversion": "0.3"}, "specversion is not 1.0"),
        ({"data": 1, "data_base64": encoded(b"1")}, "both data and data_base64"),
        ({"data": None, "data_base64": encoded(b"1")}, "both data and data_base64"),
        ({"data_base64": "?"}, "not base64"),
        ({"data_base64": "é"}, "not base64"),
        ({"data_base64": 5}, "not base64"),
        ({"data_base64": encoded(b"{")}, "not JSON"),
        ({"data_base64": encoded(b'{"a": NaN}')}, "NaN"),
        ({"data_base64": encoded(b"\xff")}, "not UTF-8"),
        ({"data": 1, "datacontenttype": 5}, "datacontenttype is not text"),
    ],
)
def test_a_malformed_event_is_refused_with_what_is_wrong(members, sentence):
    with pytest.raises(MalformedPayload, match=sentence):
        message(structured(**members))


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"x"'])
def test_an_event_is_an_object(body):
    request = RequestFactory().post("/", body, content_type="application/cloudevents+json")

    with pytest.raises(MalformedPayload, match="JSON object"):
        message(request)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents-batch+json",
        "application/cloudevents+avro",
        "application/cloudevents",
    ],
)
def test_batches_and_other_formats_are_not_taken(content_type):
    for request in (
        RequestFactory().post("/", b"[]", content_type=content_type),
        binary(b"[]", content_type),
    ):
        with pytest.raises(UnsupportedType):
            message(request)


def test_data_of_another_type_is_not_taken():
    for request in (
        structured(data="<a/>", datacontenttype="application/xml"),
        structured(data="text", datacontenttype="text/plain"),
        structured(data_base64=encoded(b"<a/>"), datacontenttype="application/xml"),
        binary(b"<a/>", "application/xml"),
        binary(b"text", "text/plain"),
    ):
        with pytest.raises(UnsupportedType):
            message(request)


def test_text_is_taken_where_it_is_allowed():
    for request in (
        structured(data="half done", datacontenttype="text/plain"),
        structured(data_base64=encoded(b"half done"), datacontenttype="text/plain"),
        binary(b"half done", "text/plain"),
    ):
        assert message(request, allow_text=True).value == "half done"


@pytest.mark.parametrize(
    ("header", "id_"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),  # The binding's own example.
        ('"a \\"b\\" %41"', 'a "b" A'),
        ("100%25", "100%"),
        ("a%2541", "a%41"),
    ],
)
def test_a_header_is_unquoted_and_decoded_once(header, id_):
    assert cloud_events.binary(binary(id=header).headers, b"").id == id_


def test_a_header_that_is_not_utf_8_is_refused():
    with pytest.raises(MalformedPayload, match="id is not UTF-8"):
        message(binary(id="%C0%A0"))


def test_sources_and_ids_make_different_keys_wherever_one_ends():
    pairs = [("a", "b,c"), ("a,b", "c"), ('a", "b', "c"), ("a", 'b", "c'), ("a" * 500, "b")]

    keys = {message(structured(source=source, id=id_)).key for source, id_ in pairs}

    assert len(keys) == len(pairs)
    assert all(len(key) <= payloads.LONGEST_KEY and key.isprintable() for key in keys)


def test_a_header_is_the_key_before_the_event():
    request = structured()
    request.META["HTTP_WEBHOOK_ID"] = "chosen"

    assert message(request).key == "chosen"


def options(**headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return RequestFactory().options("/", headers=given)


@pytest.mark.parametrize(
    ("rate", "allowed"),
    [("600/min", "600"), ("2/s", "120"), ("1/day", "1"), (None, "*")],
)
def test_any_sender_may_send_at_the_rate_of_the_settings(settings, rate, allowed):
    settings.ORCHESTRATOR = {"CALLBACK_RATE_PER_TOKEN": rate}

    answer = cloud_events.handshake(
        options(
            webhook_request_origin="eventemitter.example.com",
            webhook_request_callback="http://127.0.0.1/confirm",
            webhook_request_rate="100000",
        )
    )

    assert answer == {
        "WebHook-Allowed-Origin": "eventemitter.example.com",
        "WebHook-Allowed-Rate": allowed,
    }


def test_nothing_is_allowed_that_was_not_asked_for():
    assert cloud_events.handshake(options(webhook_request_rate="100")) == {}


def test_scripts_of_any_site_may_call():
    headers = cloud_events.cors(["GET", "POST"])

    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert headers["Access-Control-Allow-Headers"] == "*"
    assert "Access-Control-Allow-Credentials" not in headers
