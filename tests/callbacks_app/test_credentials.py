"""What a caller must show: the token, its scope, and where the step wants it, a signature."""

from datetime import timedelta

import pytest
from django.utils import timezone

from callbacks_app import signatures, signing, tokens
from tests.callbacks_app.conftest import GOOD, ask, callback_of
from tests.engine import run
from workflows_app import begin

pytestmark = pytest.mark.django_db(transaction=True)

SECRET, OLD = "whsec_bmV3IHNlY3JldCBvZiAyNCBieXRlcyEh", "whsec_b2xkIHNlY3JldCBvZiAyNCBieXRlcyEh"
BODY = b'{"return_code": 0, "status": "ok"}'


@pytest.fixture
def signed(remote, settings):
    """A process whose step wants requests that the runner has signed."""
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"CALLBACK_SECRETS": {"runner": [SECRET, OLD]}}
    return run(begin >> ask(remote, signature="runner"))


def signature(*, secret=SECRET, at=None, body=BODY, message_id="msg_1"):
    """Return the headers of Standard Webhooks."""
    moment = at or timezone.now()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signatures.sign(secret, message_id=message_id, at=moment, body=body),
    }


@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_a_signed_answer_is_taken_also_with_the_secret_before(signed, remote, secret):
    assert remote.post(raw=BODY, headers=signature(secret=secret)).status_code == 200


UNSIGNED = {
    "not at all": dict,
    "with another secret": lambda: signature(secret="whsec_c29tZSBvdGhlciBzZWNyZXQgMjQgYiEh"),
    "another body": lambda: signature(body=b"{}"),
    "too long ago": lambda: signature(at=timezone.now() - timedelta(minutes=6)),
    "in the future": lambda: signature(at=timezone.now() + timedelta(minutes=6)),
    "another message": lambda: signature() | {"webhook-id": "msg_2"},
}


@pytest.mark.parametrize("how", UNSIGNED)
@pytest.mark.parametrize("path", ["", "/failure", "/progress", "/heartbeat"])
def test_an_unsigned_request_is_refused_and_the_callback_stays_open(signed, remote, how, path):
    answer = remote.post(path, raw=BODY, headers=UNSIGNED[how]())

    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    callback = callback_of(signed)
    assert (callback.status, callback.progress) == ("awaiting", None)
    assert callback.attempts.get().outcome == "bad_signature"


def test_a_signed_answer_that_comes_again_is_replayed(signed, remote):
    remote.post(raw=BODY, headers=signature())

    again = remote.post(raw=BODY, headers=signature(at=timezone.now() + timedelta(seconds=9)))

    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")


def test_a_step_with_an_unknown_secret_takes_nothing(remote, settings):
    process = run(begin >> ask(remote, signature="nobody"))

    assert remote.post(raw=BODY, headers=signature()).status_code == 401
    assert callback_of(process).is_open


def test_the_progress_address_cannot_answer(awaiting, remote):
    route = tokens.route(callback_of(awaiting), scope="progress")
    for path in ("", "/failure"):
        answer = remote.post(path, body=GOOD, route=route)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert callback_of(awaiting).is_open

    for path in ("/progress", "/heartbeat"):
        assert remote.post(path, body={"percent": 3}, route=route).status_code == 200
    assert remote.client.get(route).json()["open"] is True


def test_the_result_address_takes_progress_as_the_documents_say(awaiting, remote):
    assert remote.post("/progress", {"percent": 3}).status_code == 200


def test_the_two_tokens_have_nothing_in_common_but_the_name(awaiting):
    callback = callback_of(awaiting)
    result, progress = signing.make(callback), signing.make(callback, scope="progress")

    assert result != progress
    assert result.rpartition(".")[0] == progress.rpartition(".")[0]


@pytest.mark.parametrize("path", ["", "/failure", "/progress", "/heartbeat"])
def test_any_page_may_call_and_is_told_how(awaiting, remote, path):
    preflight = remote.client.options(
        f"{remote.routes[-1]}{path}",
        headers={"Origin": "https://runner.example", "Access-Control-Request-Method": "POST"},
    )

    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert remote.post(path, body=GOOD).headers["Access-Control-Allow-Origin"] == "*"


def test_a_cloud_events_sender_is_told_that_it_may_send(awaiting, remote):
    answer = remote.client.options(
        remote.routes[-1], headers={"WebHook-Request-Origin": "events.example"}
    )

    assert answer.headers["WebHook-Allowed-Origin"] == "events.example"


def test_asking_how_to_call_does_not_tell_whether_the_token_is_good(awaiting, remote):
    good = remote.client.options(remote.routes[-1])
    bad = remote.client.options(remote.routes[-1] + "x")

    assert (good.status_code, good.content) == (bad.status_code, bad.content)


def test_a_refused_type_is_told_what_is_taken(awaiting, remote):
    answer = remote.post(raw="a=b", content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 415
    assert "application/json" in answer.headers["Accept-Post"]


def test_too_many_requests_with_one_token_are_slowed_down(awaiting, remote, settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"CALLBACK_RATE_PER_TOKEN": "2/min"}
    for _ in range(2):
        assert remote.post("/progress", "x").status_code == 200

    answer = remote.post("/progress", "x")

    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_flood_of_progress_does_not_slow_the_result_down(awaiting, remote, settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"CALLBACK_RATE_PER_TOKEN": "2/min"}
    assert [remote.post("/progress", "x").status_code for _ in range(3)] == [200, 200, 429]

    assert remote.post(body=GOOD).status_code == 200


def test_an_address_is_slowed_down_for_what_was_refused(awaiting, remote, settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"CALLBACK_RATE_PER_ADDRESS": "2/min"}
    for _ in range(4):
        assert remote.post("/progress", "x").status_code == 200
    wrong = remote.routes[-1] + "x"

    answers = [remote.post(route=wrong, body=GOOD).status_code for _ in range(3)]

    assert answers == [404, 404, 429]


def test_a_head_request_never_consumes(awaiting, remote):
    assert remote.client.head(remote.routes[-1]).status_code == 200
    assert callback_of(awaiting).is_open
