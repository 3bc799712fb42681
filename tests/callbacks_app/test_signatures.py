"""Signed as the standard says, or refused with what is wrong."""

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from callbacks_app import signatures
from callbacks_app.errors import BadSignature

# The vector that the standard's libraries are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, tz=UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OTHER = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()
STRANGER = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


def signed(**changes):
    headers = {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in headers.items() if value is not None}


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_the_published_vector_is_signed_and_verified(secret):
    assert signatures.sign(secret, message_id=ID, at=AT, body=BODY) == SIGNATURE
    signatures.verify(signed(), BODY, secrets=[secret], now=AT)


def test_a_secret_that_is_not_base64_is_the_text_that_it_is():
    plain, coded = "not base64!", "whsec_" + base64.b64encode(b"not base64!").decode()

    assert signatures.sign(plain, message_id=ID, at=AT, body=BODY) == signatures.sign(
        coded, message_id=ID, at=AT, body=BODY
    )


@pytest.mark.parametrize(
    ("header", "secrets"),
    [
        (SIGNATURE, [OTHER, SECRET]),
        (SIGNATURE, [SECRET, OTHER]),
        (f"{STRANGER} v1a,abc v2,abc {SIGNATURE} {STRANGER}", [SECRET]),
        (f"  {SIGNATURE}", [SECRET]),
        (f"v9 {SIGNATURE}", [SECRET]),
    ],
)
def test_one_signature_by_one_of_the_secrets_is_enough(header, secrets):
    signatures.verify(signed(webhook_signature=header), BODY, secrets=secrets, now=AT)


def test_the_names_of_headers_have_no_case():
    headers = {name.title(): value for name, value in signed().items()}

    signatures.verify(headers, BODY, secrets=[SECRET], now=AT)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"webhook_id": None}, "webhook-id is missing"),
        ({"webhook_timestamp": None}, "webhook-timestamp is missing"),
        ({"webhook_signature": None}, "webhook-signature is missing"),
        ({"webhook_signature": ""}, "webhook-signature is missing"),
        ({"webhook_timestamp": "hello"}, "not a number"),
        ({"webhook_timestamp": "1614265330.5"}, "not a number"),
        ({"webhook_timestamp": "٣٤"}, "not a number"),
        ({"webhook_timestamp": "9" * 5000}, "not a number"),
        ({"webhook_timestamp": "-1"}, "not a number"),
        ({"webhook_timestamp": "1614265331"}, "No v1 signature"),
        ({"webhook_id": "msg_other"}, "No v1 signature"),
        ({"webhook_signature": STRANGER}, "No v1 signature"),
        ({"webhook_signature": SIGNATURE[:8]}, "No v1 signature"),
        ({"webhook_signature": "v1,"}, "No v1 signature"),
        ({"webhook_signature": "v1"}, "No v1 signature"),
        ({"webhook_signature": "v1,\xe9"}, "No v1 signature"),
        ({"webhook_signature": "v2" + SIGNATURE[2:]}, "No v1 signature"),
        ({"webhook_signature": SIGNATURE[3:]}, "No v1 signature"),
    ],
)
def test_what_is_not_signed_is_refused_with_what_is_wrong(changes, sentence):
    with pytest.raises(BadSignature, match=sentence):
        signatures.verify(signed(**changes), BODY, secrets=[SECRET], now=AT)


@pytest.mark.parametrize("secrets", [[], [OTHER], ["whsec_"], ["whsec_?"], [""]])
def test_other_or_unusable_secrets_let_nobody_in(secrets):
    with pytest.raises(BadSignature, match="No v1 signature"):
        signatures.verify(signed(), BODY, secrets=secrets, now=AT)


@pytest.mark.parametrize("secret", ["", "whsec_"])
def test_an_empty_secret_is_no_key(secret):
    with pytest.raises(ValueError, match="empty"):
        signatures.sign(secret, message_id=ID, at=AT, body=BODY)

    digest = hmac.digest(b"", f"{ID}.1614265330.".encode() + BODY, "sha256")
    forged = signed(webhook_signature=f"v1,{base64.b64encode(digest).decode()}")
    with pytest.raises(BadSignature):
        signatures.verify(forged, BODY, secrets=[secret], now=AT)


def test_another_body_is_refused():
    with pytest.raises(BadSignature):
        signatures.verify(signed(), BODY + b" ", secrets=[SECRET], now=AT)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_are_the_most_that_a_clock_may_be_off(seconds):
    further = AT + timedelta(seconds=seconds * 1.01)

    signatures.verify(signed(), BODY, secrets=[SECRET], now=AT + timedelta(seconds=seconds))
    with pytest.raises(BadSignature, match="more than 5 minutes off"):
        signatures.verify(signed(), BODY, secrets=[SECRET], now=further)


def test_what_was_signed_cannot_be_cut_elsewhere():
    later = AT + timedelta(days=1)
    body = b"%d.5" % later.timestamp()
    signature = signatures.sign(SECRET, message_id=ID, at=AT, body=body)

    moved = signed(
        webhook_id=f"{ID}.1614265330",
        webhook_timestamp=str(int(later.timestamp())),
        webhook_signature=signature,
    )

    with pytest.raises(BadSignature, match="full stop"):
        signatures.verify(moved, b"5", secrets=[SECRET], now=later)
    with pytest.raises(ValueError, match="full stop"):
        signatures.sign(SECRET, message_id="a.b", at=AT, body=BODY)


def test_secrets_are_found_by_name(settings):
    settings.ORCHESTRATOR = {"CALLBACK_SECRETS": {"runner": [SECRET, OTHER]}}

    assert signatures.secrets_of("runner") == [SECRET, OTHER]


@pytest.mark.parametrize(
    "configured",
    [{}, {"other": [SECRET]}, {"runner": []}, {"runner": SECRET}, {"runner": None}, [], None],
)
def test_a_name_without_secrets_is_refused_and_logged(settings, caplog, configured):
    settings.ORCHESTRATOR = {"CALLBACK_SECRETS": configured}

    with pytest.raises(BadSignature, match="no secret is set up"):
        signatures.secrets_of("runner")

    (record,) = caplog.records
    assert (record.levelname, record.secrets_of) == ("ERROR", "runner")
    assert SECRET not in caplog.text


def test_an_unusable_secret_is_logged_and_passed_over(caplog):
    signatures.verify(signed(), BODY, secrets=["whsec_?", SECRET], now=AT)

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "whsec_" not in caplog.text
