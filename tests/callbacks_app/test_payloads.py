"""Whatever is sent is read as strict JSON, or refused; nothing makes the endpoint fail."""

import contextlib
import io

import pytest
from django.test import RequestFactory
from hypothesis import given, strategies as st

from callbacks_app import payloads
from callbacks_app.errors import MalformedPayload, PayloadTooLarge, UnsupportedType
from callbacks_app.payloads import Message


def post(body=b"3", content_type="application/json", headers=None, **extra):
    return RequestFactory().post("/", body, content_type=content_type, headers=headers, **extra)


def message(request, **options):
    return payloads.message(request, payloads.raw(request), **options)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"3", 3),
        (b' {"a": [1.5, null, true, "\xc3\xa9"]}\n', {"a": [1.5, None, True, "é"]}),
        (rb'"\ud83d\ude00"', "😀"),
        (b"-" + b"9" * 400, -int("9" * 400)),
        (b"[[[[]]]]", [[[[]]]]),
    ],
)
def test_strict_json_is_taken(body, value):
    assert message(post(body)).value == value


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not JSON"),
        (b"3 4", "not JSON"),
        (b"'a'", "not JSON"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"1e999", "too large"),
        (b"9" * 5000, "too many digits"),
        (b"-" + b"9" * 500_000, "too many digits"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (rb'{"a": 1, "\u0061": 2}', "same key twice"),
        (rb'"\u0000"', "NUL"),
        (rb'{"a\u0000": 1}', "NUL"),
        (b'"\x00"', "not JSON"),
        (rb'"\ud800"', "body"),
        (rb'{"\udfff": 1}', "body"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'"\xff"', "not UTF-8"),
        (b"\xef\xbb\xbf3", "not JSON"),
        ('"é"'.encode("utf-16"), "not UTF-8"),
        (b"[" * 101 + b"]" * 101, "too deeply"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "too deeply"),
        (b"[" * 200_000, "too deeply|not JSON"),
        (b"[" * 200_000 + b"]" * 200_000, "too deeply"),
    ],
)
def test_anything_else_is_malformed(body, sentence):
    with pytest.raises(MalformedPayload, match=sentence):
        message(post(body))


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_parse_or_get_refused(body):
    with contextlib.suppress(MalformedPayload):
        payloads.parse(body)


@pytest.mark.parametrize(
    ("body", "sentence"), [(b"\xff", "not UTF-8"), (b"\x00", "NUL")], ids=["bytes", "nul"]
)
def test_text_is_checked_too(body, sentence):
    with pytest.raises(MalformedPayload, match=sentence):
        message(post(body, "text/plain"), allow_text=True)


def test_text_is_taken_only_where_it_is_allowed():
    assert message(post(b"half done", "text/plain"), allow_text=True).value == "half done"

    with pytest.raises(UnsupportedType):
        message(post(b"half done", "text/plain"))


@pytest.mark.parametrize("content_type", ["", "application/json; charset=utf-8", "a/b+JSON"])
def test_types_of_json_are_taken(content_type):
    assert message(post(b"3", content_type)).value == 3


@pytest.mark.parametrize("content_type", ["application/xml", "multipart/form-data", "+", "json"])
def test_other_types_are_not_taken(content_type):
    with pytest.raises(UnsupportedType):
        message(post(b"3", content_type))


class Stream(io.BytesIO):
    """A body that counts what is read of it."""

    taken = 0

    def read(self, size=-1, /):
        found = super().read(size)
        self.taken += len(found)
        return found


@pytest.mark.parametrize("declared", ["1000000", "", "-1", "x", "\xb2", "9" * 5000])
def test_no_more_than_the_limit_is_read(settings, declared):
    settings.ORCHESTRATOR = {"CALLBACK_MAX_BYTES": 100}
    stream = Stream(b"9" * 1_000_000)
    request = post()
    request.META |= {"CONTENT_LENGTH": declared, "wsgi.input": stream}
    request.META["wsgi.input_terminated"] = True
    request._stream = stream

    with pytest.raises(PayloadTooLarge):
        payloads.raw(request)

    assert stream.taken <= 101
    assert declared != "1000000" or stream.taken == 0


def test_a_body_of_unknown_length_is_read():
    request = post()
    request.META |= {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    request.META["wsgi.input"] = io.BytesIO(b"[1]")

    assert payloads.raw(request) == b"[1]"


def test_a_body_that_was_cut_off_is_malformed():
    request = post(**{"wsgi.input": io.BytesIO(b"[1]"), "CONTENT_LENGTH": "4"})

    with pytest.raises(MalformedPayload, match="ended before"):
        payloads.raw(request)


def test_a_connection_that_breaks_is_a_malformed_body():
    class Broken(io.BytesIO):
        def read(self, size=-1, /):
            raise OSError("the connection was reset")

    request = post()
    request.META |= {"CONTENT_LENGTH": "", "wsgi.input_terminated": True, "wsgi.input": Broken()}

    with pytest.raises(MalformedPayload, match="read to its end"):
        payloads.raw(request)


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, ""),
        ({"Idempotency-Key": "a"}, "a"),
        ({"webhook-id": "b"}, "b"),
        ({"Idempotency-Key": "a", "webhook-id": "b"}, "a"),
        ({"Idempotency-Key": "", "webhook-id": "b"}, "b"),
        ({"Idempotency-Key": "x" * 255}, "x" * 255),
    ],
)
def test_the_key_is_in_a_header(headers, key):
    assert message(post(headers=headers)) == Message(3, key)


@pytest.mark.parametrize("name", payloads.KEY_HEADERS)
@pytest.mark.parametrize("key", ["x" * 256, "a\tb", "a\x00", "a\x85", "\xa0"])
def test_a_key_that_cannot_be_kept_is_malformed(name, key):
    with pytest.raises(MalformedPayload) as refusal:
        message(post(headers={name: key}))

    assert refusal.value.code == "malformed_key"
