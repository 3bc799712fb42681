"""The log of every request to a callback."""

import json

import pytest

from callbacks_app import attempts, signing
from callbacks_app.models import CallbackAttempt
from tests.callbacks_app.conftest import BAD, GOOD, callback_of
from tests.engine import drain
from workflows_app import engine

pytestmark = pytest.mark.django_db(transaction=True)


def log():
    """Return (kind, outcome, times) of every line."""
    return list(CallbackAttempt.objects.values_list("kind", "outcome", "times"))


def test_every_request_is_written_down_with_what_became_of_it(awaiting, remote):
    remote.post(raw="{")
    remote.post(raw="<x/>", content_type="text/xml")
    remote.post(raw="x" * 2_000_000)
    remote.post("/failure", {})
    remote.post("/progress", {"percent": 5})
    remote.post("/heartbeat", {})
    remote.post(body=GOOD)
    remote.post(body=GOOD)
    remote.post("/progress", "late")
    engine.abort(awaiting.pk, by="maria")

    assert log() == [
        ("result", "malformed_json", 1),
        ("result", "unsupported_type", 1),
        ("result", "too_large", 1),
        ("failure", "invalid_payload", 1),
        ("progress", "accepted", 1),
        ("heartbeat", "accepted", 1),
        ("result", "accepted", 1),
        ("result", "already_answered", 1),
        ("progress", "finished", 1),
    ]
    accepted = CallbackAttempt.objects.get(kind="result", outcome="accepted")
    assert (accepted.source, accepted.via) == ("127.0.0.1", "callback")
    assert accepted.size == len(json.dumps(GOOD))


def test_requests_that_are_alike_are_counted(awaiting, remote):
    for percent in range(20):
        remote.post("/progress", {"percent": percent})
        remote.post("/heartbeat", {})
    for _ in range(3):
        remote.post(raw="{")

    assert log() == [
        ("progress", "accepted", 20),
        ("heartbeat", "accepted", 20),
        ("result", "malformed_json", 3),
    ]


def test_looking_is_not_written_down(awaiting, remote):
    remote.get()

    assert log() == []


def test_a_wrong_token_is_not_written_down(awaiting, remote):
    remote.post(route=remote.routes[-1] + "x", body=GOOD)

    assert log() == []


def test_nobody_fills_the_table(awaiting, remote, monkeypatch):
    monkeypatch.setattr(attempts, "MOST", 3)
    for number in range(6):
        remote.post(raw="{" * (number + 1))

    assert CallbackAttempt.objects.count() == 3
    assert remote.post(body=GOOD).status_code == 200
    assert CallbackAttempt.objects.filter(outcome="accepted").count() == 1


def test_a_late_answer_is_kept_with_what_it_says(awaiting, remote):
    engine.abort(awaiting.pk, by="maria")
    assert remote.post(body=GOOD).status_code == 410

    late = CallbackAttempt.objects.get()
    assert (late.outcome, late.adoptable, late.payload) == ("process_finished", True, GOOD)


def test_a_second_answer_is_kept_with_what_it_says(awaiting, remote):
    remote.post(body=GOOD)
    remote.post(body=BAD)

    second = CallbackAttempt.objects.get(outcome="already_answered")
    assert (second.adoptable, second.payload) == (True, BAD)


def test_of_many_late_answers_some_are_kept(awaiting, remote):
    engine.abort(awaiting.pk, by="maria")
    for number in range(8):
        remote.post(body={"number": number})

    kept = CallbackAttempt.objects.filter(adoptable=True)
    assert kept.count() == attempts.MOST_KEPT
    assert CallbackAttempt.objects.count() == 8


def test_an_answer_that_was_not_late_is_not_kept_twice(awaiting, remote):
    remote.post(body=GOOD)
    remote.post("/failure", {"error_message": "late"})

    assert not CallbackAttempt.objects.filter(adoptable=True).exists()


def test_no_line_holds_a_token(awaiting, remote):
    token = signing.make(callback_of(awaiting))
    remote.post(body=GOOD)
    drain()
    remote.post(body=GOOD)

    assert token not in str(list(CallbackAttempt.objects.values()))


def test_a_refusal_is_written_down_though_its_effect_is_rolled_back(awaiting, remote):
    callback = callback_of(awaiting)
    remote.post(body=GOOD)
    remote.post(body=BAD)

    assert callback.attempts.filter(outcome="already_answered").exists()
    callback.refresh_from_db()
    assert callback.result == GOOD
