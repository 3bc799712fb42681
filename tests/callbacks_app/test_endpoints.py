"""What the endpoints answer to what they are sent. A refusal changes nothing."""

import json
import logging
import uuid
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import override_settings
from pydantic import BaseModel

from callbacks_app import signing
from callbacks_app.logging import MaskTokens
from callbacks_app.models import CallbackToken
from callbacks_app.steps import callback_step
from tests.callbacks_app.conftest import BAD, GOOD, callback_of, validate
from tests.engine import drain, run, state
from workflows_app import begin, step

pytestmark = pytest.mark.django_db(transaction=True)


def snapshot(process):
    """Return everything that an answer could change."""
    process.refresh_from_db()
    return (
        process.status,
        process.modified_at,
        list(CallbackToken.objects.values_list("status", "result", "answered_at")),
        list(process.steps.values_list("status", "patch", "progress")),
    )


def test_a_second_answer_is_a_conflict_and_changes_nothing(awaiting, remote):
    remote.post(body=GOOD)
    before = snapshot(awaiting)

    for path, body in (("", BAD), ("", GOOD), ("/failure", {"error_message": "x"})):
        answer = remote.post(path, body)
        assert answer.status_code == 409
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json() == {
            "type": "about:blank",
            "title": "Conflict",
            "status": 409,
            "code": "already_answered",
            "detail": "Another answer came first; the first one counts.",
        }
    assert snapshot(awaiting) == before


def test_unknown_processes_tokens_and_forgeries_cannot_be_told_apart(awaiting, remote):
    token = signing.make(callback_of(awaiting))
    head, _, mac = token.rpartition(".")
    wrong = [
        f"/api/processes/{uuid.uuid4()}/callback/{token}",
        f"/api/processes/not-a-uuid/callback/{token}",
        f"/api/processes/{awaiting.pk}/callback/{head}.{mac[:-1]}x",
        f"/api/processes/{awaiting.pk}/callback/{head}.",
        f"/api/processes/{awaiting.pk}/callback/cbt1.cb_0.{signing.signing_key_id()}.{mac}",
        f"/api/processes/{awaiting.pk}/callback/nonsense",
        f"/api/processes/{awaiting.pk}/callback/é",
        f"/api/processes/{awaiting.pk}/callback/%00",
        f"/api/processes/{awaiting.pk}/callback/cbt1.%00.k.{mac}",
        f"/api/processes/{awaiting.pk}/callback/cbt1.cb_0.%00.{mac}",
    ]
    before = snapshot(awaiting)

    answers = [remote.post(route=route, body=GOOD) for route in wrong]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert snapshot(awaiting) == before


@pytest.mark.parametrize(
    ("raw", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b"", "application/json", 400, "malformed_json"),
        (b"   ", "application/json", 400, "malformed_json"),
        (b'{"a": NaN}', "application/json", 400, "malformed_json"),
        (b'{"a": Infinity}', "application/json", 400, "malformed_json"),
        (b'{"a": 1e999}', "application/json", 400, "malformed_json"),
        (b'{"a": 1, "a": 2}', "application/json", 400, "malformed_json"),
        (rb'{"a": "\u0000"}', "application/json", 400, "malformed_json"),
        (rb'{"\u0000": 1}', "application/json", 400, "malformed_json"),
        (rb'{"a": "\ud800"}', "application/json", 400, "malformed_json"),
        (b'{"a": "\xff"}', "application/json", 400, "malformed_json"),
        (b"[" * 5000 + b"]" * 5000, "application/json", 400, "malformed_json"),
        (b"[" * 200_000, "application/json", 400, "malformed_json"),
        (b"9" * 5000, "application/json", 400, "malformed_json"),
        (b"x" * (2 * 1024 * 1024), "application/json", 413, "too_large"),
        (b"<a/>", "application/xml", 415, "unsupported_type"),
        (b"text", "text/plain", 415, "unsupported_type"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_type"),
    ],
)
@pytest.mark.parametrize("path", ["", "/failure", "/progress"])
def test_a_bad_body_is_refused_and_the_callback_stays_open(
    awaiting, remote, path, raw, content_type, status, code
):
    if path == "/progress" and content_type == "text/plain":
        return  # Progress may be plain text.
    before = snapshot(awaiting)

    answer = remote.post(path, raw=raw, content_type=content_type)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert snapshot(awaiting) == before
    assert remote.post(body=GOOD).status_code == 200


def test_a_body_over_the_limit_is_not_read(awaiting, remote):
    with override_settings(ORCHESTRATOR={"CALLBACK_MAX_BYTES": 100}):
        assert remote.post(raw=b'"' + b"x" * 99 + b'"').status_code == 413
        assert remote.post(raw=b'"' + b"x" * 98 + b'"').status_code == 200


@pytest.mark.parametrize("body", [3, "text", None, [1, 2], {"a": None}, True, 1.5])
def test_any_json_is_a_result(remote, body):
    @step("Run it")
    def run_it(callback_route: str) -> None:
        remote.routes.append(callback_route)

    @step("Look")
    def look(callback_result) -> None:
        assert callback_result == body

    process = run(begin >> callback_step("P", run_it, look))
    assert remote.post(body=body).status_code == 200
    drain()

    process.refresh_from_db()
    assert process.status == "completed", process.failed_reason
    assert state(process)["callback_result"] == body


class Result(BaseModel):
    return_code: int
    lines: list[str] = []


def test_a_payload_that_does_not_fit_is_refused_with_where_and_why(remote):
    @step("Run it")
    def run_it(callback_route: str) -> None:
        remote.routes.append(callback_route)

    process = run(begin >> callback_step("P", run_it, validate, payload_model=Result))
    answer = remote.post(body={"return_code": "zero", "lines": ["a", 1]})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_payload")
    assert [error["loc"] for error in answer.json()["errors"]] == [["return_code"], ["lines", 1]]
    assert remote.post(body={"return_code": 0}).status_code == 200
    drain()
    process.refresh_from_db()
    assert process.status == "completed", process.failed_reason


def test_a_failure_needs_a_message(awaiting, remote):
    bodies: list[Any] = [
        {},
        [],
        "x",
        {"error_message": ""},
        {"error_message": "x", "error_type": {}},
    ]
    for body in bodies:
        assert remote.post("/failure", body).status_code == 422
    assert remote.post("/failure", {"error_message": "x"}).status_code == 200


def test_looking_never_consumes(awaiting, remote):
    for _ in range(3):
        answer = remote.get()
        assert answer.status_code == 200
        assert answer.json()["open"] is True
        assert remote.client.head(remote.routes[-1]).status_code in (200, 405)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert remote.post(body=GOOD).status_code == 200
    assert remote.get().json()["status"] == "succeeded"


@pytest.mark.parametrize("accepted", ["text/html", "application/xml;q=0.1", "nonsense"])
def test_a_result_is_taken_whatever_type_of_answer_its_sender_accepts(awaiting, remote, accepted):
    answer = remote.post(body=GOOD, headers={"Accept": accepted})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert remote.client.get(f"{remote.routes[-1]}?format=xml").status_code == 200


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused_with_those_allowed(awaiting, remote, method):
    answer = getattr(remote.client, method)(remote.routes[-1])

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_no_login_is_needed_and_a_session_changes_nothing(awaiting, remote, admin_client):
    remote.client = admin_client

    assert remote.post(body=GOOD).status_code == 200


def test_an_old_key_still_opens_what_was_signed_with_it(remote, playbook):
    with override_settings(ORCHESTRATOR={"CALLBACK_KEYS": {"a": "old"}}):
        run(begin >> playbook)
    with override_settings(ORCHESTRATOR={"CALLBACK_KEYS": {"b": "new"}}):
        assert remote.post(body=GOOD).status_code == 404
    with override_settings(ORCHESTRATOR={"CALLBACK_KEYS": {"b": "new", "a": "old"}}):
        assert remote.post(body=GOOD).status_code == 200


def test_a_rotated_secret_key_opens_what_it_signed_as_a_fallback(awaiting, remote, settings):
    old, settings.SECRET_KEY = settings.SECRET_KEY, "x" * 60
    assert remote.post(body=GOOD).status_code == 404

    settings.SECRET_KEY_FALLBACKS = [old]

    assert remote.post(body=GOOD).status_code == 200


def test_tokens_are_masked_in_logs(awaiting):
    token = signing.make(callback_of(awaiting))
    record = logging.LogRecord("x", logging.INFO, "", 1, "POST /callback/%s", (token,), None)

    MaskTokens().filter(record)

    assert token not in record.getMessage()
    assert "cbt1.[hidden]" in json.dumps(record.getMessage())


def test_a_database_that_is_away_is_said_to_be_and_the_callback_stays_open(awaiting, remote):
    def away(*_arguments):
        raise OperationalError("the database is away")

    for path, body in (("", GOOD), ("/progress", "x"), ("/failure", {"error_message": "x"})):
        with connection.execute_wrapper(away):
            answer = remote.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"]

    assert remote.post(body=GOOD).status_code == 200
