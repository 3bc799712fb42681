"""A remote system that sends its answer again, because it did not hear ours."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from callbacks_app import attempts
from callbacks_app.models import CallbackAttempt
from tests.callbacks_app.conftest import BAD, GOOD, callback_of
from tests.engine import drain, run
from workflows_app import begin, engine

pytestmark = pytest.mark.django_db(transaction=True)

FAILURE = {"error_message": "no light"}


def keyed(key: str = "k1", header: str = "Idempotency-Key") -> dict[str, dict[str, str]]:
    return {"headers": {header: key}}


@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id"])
@pytest.mark.parametrize(("path", "body"), [("", GOOD), ("/failure", FAILURE)])
def test_the_same_answer_with_the_same_key_is_answered_as_the_first(
    awaiting, remote, header, path, body
):
    first = remote.post(path, body, **keyed(header=header))
    assert "Idempotent-Replayed" not in first.headers
    drain()

    for _ in range(2):
        again = remote.post(path, body, **keyed(header=header))
        assert (again.status_code, again.json()) == (200, {"code": "replayed"})
        assert again.headers["Idempotent-Replayed"] == "true"
    assert drain() == 0


def test_an_early_answer_can_be_replayed_too(playbook, remote):
    process = run(begin >> playbook)
    engine.pause(by="maria")
    assert remote.post(body=GOOD, **keyed()).status_code == 202
    assert remote.post(body=GOOD, **keyed()).status_code == 200
    engine.unpause(by="maria")
    drain()
    process.refresh_from_db()
    assert process.status == "completed"


def test_a_key_that_comes_back_with_another_body_is_refused(awaiting, remote):
    remote.post(body=GOOD, **keyed())

    other = remote.post(body=BAD, **keyed())

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert callback_of(awaiting).result == GOOD


def test_a_key_for_a_failure_does_not_replay_a_result(awaiting, remote):
    remote.post(body=FAILURE, **keyed())

    assert remote.post("/failure", FAILURE, **keyed()).status_code == 422


@pytest.mark.parametrize("options", [{}, keyed("k2")])
def test_another_key_or_none_is_a_conflict(awaiting, remote, options):
    remote.post(body=GOOD, **keyed())

    assert remote.post(body=GOOD, **options).status_code == 409


def test_an_answer_without_a_key_is_never_replayed(awaiting, remote):
    remote.post(body=GOOD)

    assert remote.post(body=GOOD).status_code == 409
    assert remote.post(body=GOOD, **keyed()).status_code == 409


def test_the_key_of_a_refused_answer_stays_free(awaiting, remote):
    assert remote.post(raw="{", **keyed()).status_code == 400
    assert remote.post(body=GOOD, **keyed()).status_code == 200


def test_the_key_of_an_answer_that_came_too_late_replays_nothing(awaiting, remote):
    engine.abort(awaiting.pk, by="maria")

    for _ in range(2):
        assert remote.post(body=GOOD, **keyed()).status_code == 410


def test_key_answer_and_wake_up_commit_together_or_not_at_all(awaiting, remote, monkeypatch):
    def fail(*_arguments, **_options):
        raise RuntimeError("the web process dies")

    with monkeypatch.context() as patched:
        patched.setattr(attempts, "record_answer", fail)
        with pytest.raises(RuntimeError):
            remote.post(body=GOOD, **keyed())
    callback = callback_of(awaiting)
    assert (callback.status, callback.idempotency_key) == ("awaiting", "")
    assert not CallbackAttempt.objects.exists()
    assert drain() == 0

    assert remote.post(body=GOOD, **keyed()).status_code == 200


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(awaiting, remote, key):
    answer = remote.post(body=GOOD, **keyed(key))

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_key")
    assert callback_of(awaiting).is_open


@pytest.mark.postgresql
def test_of_eight_same_answers_at_once_all_are_taken_and_one_counts(awaiting, remote):
    def post(_number):
        try:
            return remote.post(body=GOOD, **keyed()).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(post, range(8))) == [200] * 8

    outcomes = CallbackAttempt.objects.values_list("outcome", "times")
    assert sorted(outcomes) == [("accepted", 1), ("replayed", 7)]
    assert drain() == 1


def test_a_cloud_event_is_unwrapped_and_its_id_is_its_key(awaiting, remote):
    event = {"specversion": "1.0", "id": "1", "source": "/runner", "type": "done", "data": GOOD}
    content = {"content_type": "application/cloudevents+json"}

    first = remote.post(raw=json.dumps(event), **content)
    again = remote.post(raw=json.dumps(event), **content)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert callback_of(awaiting).result == GOOD


def test_a_binary_cloud_event_is_its_body(awaiting, remote):
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/runner", "ce-type": "done"}

    assert remote.post(body=GOOD, headers=headers).status_code == 200
    assert callback_of(awaiting).result == GOOD
