"""OpenStack Mistral's API: every row of what it was measured to answer, with our answer to it."""

import json
import logging
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pydantic import BaseModel
from rest_framework.authtoken.models import Token

from callbacks_app import action_executions, mistral, signatures, signing, tokens
from callbacks_app.logging import MaskTokens
from callbacks_app.mistral import Update
from callbacks_app.models import CallbackToken
from callbacks_app.steps import async_noop, callback_map
from tests.callbacks_app.conftest import callback_of
from tests.callbacks_app.test_races import in_thread, waiting_for_locks
from tests.cluster.processes import until
from tests.engine import drain, events, make_due, run, state
from workflows_app import StepList, begin, engine, step
from workflows_app.engine.loading import locked
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)

SPELLINGS = [
    (method, name)
    for method in ("put", "post")
    for name in ("action_executions", "action-executions")
]
SUCCESS = {"state": "SUCCESS", "output": 3}
TOO_LATE = [
    {"state": "SUCCESS", "output": 4},
    {"state": "ERROR"},
    {"state": "CANCELLED"},
]


def manual(**options: Any) -> StepList:
    return async_noop("Manual", **options)


@pytest.fixture
def process() -> Process:
    """A process that waits for its action execution."""
    return waiting()


def waiting(**options: Any) -> Process:
    process = run(begin >> manual(**options))
    assert process.status == "awaiting_callback", process.failed_reason
    return process


class Caller:
    """A client of Mistral, in whichever way it is let in."""

    def __init__(self, process: Process) -> None:
        self.callback = callback_of(process)
        self.client = Client()
        self.headers: dict[str, str] = {}
        base = tokens.mistral_url(self.callback)
        self.base = base.removeprefix("http://127.0.0.1:8000")

    def path(self, name: str = "action_executions", identity: str = "") -> str:
        return f"{self.base}/v2/{name}/{identity or self.callback.uuid}"

    def send(self, body: Any = None, *, method: str = "put", **options: Any) -> Any:
        raw = options.pop("raw", None)
        path = options.pop("path", None) or self.path()
        data = json.dumps(body) if raw is None else raw
        options = {"content_type": "application/json", "headers": self.headers} | options
        return getattr(self.client, method)(path, data, **options)

    def get(self, path: str = "") -> Any:
        return self.client.get(path or self.path(), headers=self.headers)


@pytest.fixture
def caller(process) -> Caller:
    return Caller(process)


def at_root(caller: Caller) -> Caller:
    caller.base = ""
    return caller


def permitted(name: str = "nina") -> User:
    user = User.objects.create_user(name)
    user.user_permissions.add(Permission.objects.get(codename="answer_callback"))
    return user


def with_bearer(process: Process) -> Caller:
    caller = at_root(Caller(process))
    caller.headers = {"Authorization": f"Bearer {signing.make(caller.callback)}"}
    return caller


def with_api_token(process: Process, user: User | None = None) -> Caller:
    caller = at_root(Caller(process))
    key = Token.objects.create(user=user or permitted()).key
    caller.headers = {"Authorization": f"Token {key}"}
    return caller


def with_session(process: Process, user: User | None = None) -> Caller:
    caller = at_root(Caller(process))
    caller.client.force_login(user or permitted())
    return caller


LET_IN = {
    "capability": Caller,
    "bearer": with_bearer,
    "API token": with_api_token,
    "session": with_session,
}


@pytest.fixture(params=LET_IN)
def anyone(request, process) -> Caller:
    """A caller, by each way there is."""
    caller: Caller = LET_IN[request.param](process)
    return caller


def status(process: Process) -> str:
    drain()
    process.refresh_from_db()
    return process.status


def unchanged(process: Process) -> tuple[Any, ...]:
    process.refresh_from_db()
    return (
        process.status,
        list(CallbackToken.objects.values_list("status", "result", "error", "answered_at")),
        list(process.steps.values_list("status", "patch")),
    )


def failure(process: Process) -> Any:
    return callback_of(process).error


# The answer.


@pytest.mark.parametrize(("method", "name"), SPELLINGS)
def test_the_document_is_taken_by_either_method_in_either_spelling(anyone, process, method, name):
    answer = anyone.send(SUCCESS, method=method, path=anyone.path(name))

    assert (answer.status_code, answer.json()["state"]) == (200, "SUCCESS")
    assert answer.headers["Cache-Control"] == "no-store"
    assert status(process) == "completed"
    assert state(process)["callback_result"] == 3


def test_the_public_id_is_an_id_too(anyone, process):
    path = anyone.path(identity=anyone.callback.public_id)

    assert anyone.send(SUCCESS, path=path).status_code == 200


@pytest.mark.parametrize(
    ("output", "result"),
    [
        (3, 3),
        (0, 0),
        (False, False),
        ("", ""),
        (None, None),
        ([1], [1]),
        ("hello", "hello"),
        ({"v": 1}, {"v": 1}),
        ('{"v": 1}', {"v": 1}),
        (" [1, 2]\n", [1, 2]),
        ("3", "3"),
        ('"x"', '"x"'),
        ("null", "null"),
        ("{v", "{v"),
        ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
        ("[NaN]", "[NaN]"),
        ({"v": '{"w": 1}'}, {"v": '{"w": 1}'}),
    ],
    ids=repr,
)
def test_any_output_is_a_result_and_json_in_a_string_is_read(caller, process, output, result):
    assert caller.send({"state": "SUCCESS", "output": output}).status_code == 200

    drain()
    assert state(process)["callback_result"] == result


def test_without_an_output_the_result_is_null(caller, process):
    assert caller.send({"state": "SUCCESS"}).status_code == 200

    assert status(process) == "completed"
    assert state(process)["callback_result"] is None


@pytest.mark.parametrize(
    ("body", "message", "kept"),
    [
        ({}, "Unknown error", None),
        ({"output": None}, "Unknown error", None),
        ({"output": ""}, "Unknown error", None),
        ({"output": {}}, "Unknown error", None),
        ({"output": "no light"}, "no light", "no light"),
        ({"output": {"code": 7}}, '{"code": 7}', {"code": 7}),
        ({"output": '{"code": 7}'}, '{"code": 7}', {"code": 7}),
        ({"output": 0}, "0", 0),
        ({"output": "x" * 5000}, "x" * 999 + "…", "x" * 5000),
    ],
    ids=range(9),
)
def test_an_error_fails_the_step_with_what_was_said(anyone, process, body, message, kept):
    answer = anyone.send({"state": "ERROR"} | body)

    assert (answer.status_code, answer.json()["state"]) == (200, "ERROR")
    assert answer.json()["state_info"] == message
    error = failure(process)
    assert (error["error_type"], error["error_message"]) == ("Mistral.ERROR", message)
    assert error.get("error_data") == kept
    assert status(process) == "failed"
    assert process.failed_reason.startswith(f"Mistral.ERROR: {message}")


def test_a_cancellation_ignores_the_output(anyone, process):
    answer = anyone.send({"state": "CANCELLED", "output": 3})

    assert (answer.status_code, answer.json()["state"]) == (200, "CANCELLED")
    assert callback_of(process).result is None
    assert status(process) == "failed"
    assert process.steps.latest("pk").error_class == "CallbackCancelled"


def test_a_whole_resource_may_be_sent_back(anyone, process):
    resource = anyone.get().json()

    answer = anyone.send(resource | {"state": "SUCCESS", "output": '{"v": 1}'})

    assert answer.status_code == 200
    drain()
    assert state(process)["callback_result"] == {"v": 1}


# Refusals.


@pytest.mark.parametrize(
    ("options", "code", "name"),
    [
        ({"raw": b"{"}, 400, "malformed_json"),
        ({"raw": b""}, 400, "malformed_json"),
        ({"raw": b'{"state": "SUCCESS", "output": NaN}'}, 400, "malformed_json"),
        ({"raw": b'{"state": "SUCCESS", "output": Infinity}'}, 400, "malformed_json"),
        ({"raw": b'{"state": "SUCCESS", "state": "ERROR"}'}, 400, "malformed_json"),
        ({"raw": b"[]"}, 400, "malformed_update"),
        ({"raw": b"3"}, 400, "malformed_update"),
        ({"raw": b"{}"}, 400, "malformed_update"),
        ({"raw": b'{"output": 3}'}, 400, "malformed_update"),
        ({"raw": b'{"state": null}'}, 400, "malformed_update"),
        ({"raw": b'{"state": ["SUCCESS"]}'}, 400, "malformed_update"),
        ({"raw": b'{"state": "success"}'}, 400, "malformed_update"),
        ({"raw": b'{"state": "DELAYED"}'}, 400, "malformed_update"),
        ({"raw": b'{"state": "SUCCESS", "result": 3}'}, 400, "malformed_update"),
        ({"raw": b"x" * (1024 * 1024 + 1)}, 413, "too_large"),
        ({"raw": b"<a/>", "content_type": "application/xml"}, 415, "unsupported_type"),
        ({"raw": b"text", "content_type": "text/plain"}, 415, "unsupported_type"),
    ],
)
@pytest.mark.parametrize("method", ["put", "post"])
def test_what_makes_no_sense_is_refused_and_leaves_it_open(
    anyone, process, method, options, code, name
):
    before = unchanged(process)

    answer = anyone.send(method=method, **options)

    assert (answer.status_code, answer.json()["code"]) == (code, name)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert unchanged(process) == before
    attempt = callback_of(process).attempts.get()
    assert (attempt.via, attempt.outcome) == ("mistral", name)
    assert anyone.send(SUCCESS).status_code == 200


class Result(BaseModel):
    vlan: int


@pytest.mark.parametrize("let_in", LET_IN.values(), ids=LET_IN)
def test_a_result_that_does_not_fit_is_refused_with_where_and_why(let_in):
    process = waiting(payload_model=Result)
    caller = let_in(process)

    answer = caller.send({"state": "SUCCESS", "output": {"vlan": "x"}})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_payload")
    assert [error["loc"] for error in answer.json()["errors"]] == [["vlan"]]
    assert callback_of(process).is_open
    assert caller.send({"state": "SUCCESS", "output": '{"vlan": 7}'}).status_code == 200


def test_a_failure_fits_every_model():
    process = waiting(payload_model=Result)

    assert Caller(process).send({"state": "ERROR", "output": "no"}).status_code == 200


# Repetitions, conflicts, and what comes too late.


@pytest.mark.parametrize("body", [SUCCESS, *TOO_LATE])
def test_the_same_answer_again_is_taken_and_changes_nothing(anyone, process, body):
    first = anyone.send(body)
    before = unchanged(process)

    again = anyone.send(body, method="post", path=anyone.path("action-executions"))

    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert unchanged(process) == before
    assert events(process).count(("nina", "answered by hand")) <= 1
    drain()
    assert anyone.send(body).status_code == 200
    assert callback_of(process).attempts.filter(outcome="replayed").exists()


@pytest.mark.parametrize("body", TOO_LATE)
@pytest.mark.parametrize("first", [SUCCESS, {"state": "ERROR", "output": "first"}])
def test_another_answer_is_a_conflict_and_the_first_stays(anyone, process, first, body):
    anyone.send(first)
    before = unchanged(process)

    answer = anyone.send(body)

    assert (answer.status_code, answer.json()["code"]) == (409, "already_answered")
    assert unchanged(process) == before


def test_a_key_of_the_callers_own_is_the_key(caller, process):
    caller.headers = {"Idempotency-Key": "k1"}
    assert caller.send(SUCCESS).status_code == 200
    assert caller.send(SUCCESS).status_code == 200
    answer = caller.send({"state": "SUCCESS", "output": 4})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert callback_of(process).idempotency_key == "k1"


def test_what_was_cancelled_is_gone_for_other_answers(caller, process):
    caller.send({"state": "CANCELLED"})

    answer = caller.send(SUCCESS)

    assert (answer.status_code, answer.json()["code"]) == (410, "cancelled")


def pass_time(**span: int) -> None:
    spent = timedelta(**span)
    for name in ("deadline_at", "heartbeat_due_at"):
        rows = CallbackToken.objects.filter(**{f"{name}__isnull": False})
        rows.update(**{name: F(name) - spent})


def test_a_late_answer_is_gone_and_kept_to_be_adopted():
    process = waiting(timeout=30)
    pass_time(seconds=31)
    caller = Caller(process)

    assert caller.send(SUCCESS).status_code == 410
    make_due(process)
    assert status(process) == "failed"
    assert caller.send(SUCCESS).status_code == 410
    late = callback_of(process).attempts.get(adoptable=True)
    assert (late.payload, late.kind, late.via, late.times) == (3, "result", "mistral", 2)


def test_an_answer_to_an_ended_process_is_gone(caller, process):
    engine.abort(process.pk, by="maria")

    answer = caller.send(SUCCESS)

    assert (answer.status_code, answer.json()["code"]) == (410, "process_finished")
    assert caller.get().json()["state"] == "CANCELLED"


def test_the_execution_of_an_earlier_attempt_is_over(caller, process):
    caller.send({"state": "ERROR"})
    drain()
    engine.retry(process.pk, by="maria")
    drain()

    assert caller.send(SUCCESS).status_code == 409
    assert Caller(process).callback.uuid != caller.callback.uuid
    assert Caller(process).send(SUCCESS).status_code == 200
    assert status(process) == "completed"


def test_an_answer_during_a_pause_of_the_engine_is_kept(caller, process):
    engine.pause(by="maria")
    try:
        assert caller.send(SUCCESS).status_code == 200
        assert status(process) != "completed"
    finally:
        engine.unpause(by="maria")

    assert status(process) == "completed"


# PAUSED and RUNNING.


def test_pausing_and_going_on_are_shown_and_may_be_repeated(anyone, process):
    for wanted in ("RUNNING", "PAUSED", "PAUSED", "RUNNING", "RUNNING", "PAUSED"):
        answer = anyone.send({"state": wanted, "output": "of no interest"})
        assert (answer.status_code, answer.json()["state"]) == (200, wanted)
        assert (callback_of(process).paused, status(process)) == (
            wanted == "PAUSED",
            "awaiting_callback",
        )


def test_a_paused_execution_takes_its_answer(anyone, process):
    anyone.send({"state": "PAUSED"})

    assert anyone.send(SUCCESS).status_code == 200

    assert status(process) == "completed"
    assert state(process)["callback_result"] == 3


ENDS: list[tuple[dict[str, Any], str]] = [
    (SUCCESS, "SUCCESS"),
    ({"state": "ERROR"}, "ERROR"),
    ({"state": "CANCELLED"}, "CANCELLED"),
]


@pytest.mark.parametrize(("body", "ended"), ENDS)
@pytest.mark.parametrize("wanted", ["RUNNING", "PAUSED"])
def test_an_end_is_an_end(anyone, process, body, ended, wanted):
    anyone.send(body)
    before = unchanged(process)

    for _ in range(2):
        answer = anyone.send({"state": wanted})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_transition")
        assert answer.json()["detail"] == f"Invalid state transition from {ended} to {wanted}."
        assert unchanged(process) == before
        status(process)
        before = unchanged(process)


def test_what_has_expired_cannot_go_on():
    process = waiting(timeout=30)
    pass_time(seconds=31)

    answer = Caller(process).send({"state": "RUNNING"})

    assert answer.json()["detail"] == "Invalid state transition from ERROR to RUNNING."


def test_the_silence_of_a_pause_is_not_counted():
    process = waiting(heartbeat=30, timeout=None)
    caller = Caller(process)

    assert caller.send({"state": "PAUSED"}).status_code == 200
    assert callback_of(process).heartbeat_due_at is None
    make_due(process)
    assert status(process) == "awaiting_callback"
    pass_time(days=3)

    assert caller.send(SUCCESS).status_code == 200
    assert status(process) == "completed"


def test_the_silence_counts_again_after_the_pause():
    process = waiting(heartbeat=30, timeout=None)
    caller = Caller(process)
    caller.send({"state": "PAUSED"})
    make_due(process)
    assert status(process) == "awaiting_callback"
    assert not Process.objects.filter(due_at__isnull=False).exists()

    caller.send({"state": "RUNNING"})

    assert status(process) == "awaiting_callback"
    assert process.due_at is not None
    pass_time(seconds=31)
    make_due(process)
    assert status(process) == "failed"
    assert process.steps.latest("pk").error_class == "CallbackHeartbeatTimedOut"


def test_a_pause_by_hand_is_in_the_action_log_once(process):
    nina = with_api_token(process)

    for wanted in ("PAUSED", "PAUSED", "RUNNING", "RUNNING"):
        nina.send({"state": wanted, "description": "the ring is being spliced"})

    assert [found for found in events(process) if found[0] == "nina"] == [
        ("nina", "callback is paused"),
        ("nina", "callback is running"),
    ]
    assert process.events.filter(reason="the ring is being spliced").count() == 2


# Who is let in.


def test_a_person_is_named_with_the_reason(process):
    for caller, reason in (
        (with_api_token(process), "Mistral API"),
        (with_session(waiting(), User.objects.get(username="nina")), "because"),
    ):
        body = SUCCESS if reason == "Mistral API" else SUCCESS | {"state_info": reason}
        assert caller.send(body).status_code == 200
        event = caller.callback.process.events.latest("pk")
        assert (event.actor, event.action, event.reason) == ("nina", "answered by hand", reason)
        attempt = caller.callback.attempts.get()
        assert (attempt.source, attempt.via, attempt.reason) == ("nina", "mistral", reason)
        assert attempt.outcome == "accepted"
        assert attempt.size > 0


def test_a_remote_system_is_not_in_the_action_log(process):
    with_bearer(process).send(SUCCESS)

    attempt = callback_of(process).attempts.get()
    assert (attempt.source, attempt.via) == ("127.0.0.1", "mistral")
    assert (attempt.kind, attempt.outcome) == ("result", "accepted")
    assert "answered by hand" not in [action for _actor, action in events(process)]


@pytest.mark.parametrize("method", ["put", "post", "get"])
def test_without_a_credential_nobody_is_let_in_and_nothing_shows(process, method):
    caller = at_root(Caller(process))
    paths = [
        caller.path(),
        caller.path("action-executions"),
        caller.path(identity=str(uuid.uuid4())),
        caller.path(identity="nonsense"),
    ]

    answers = [
        caller.get(path) if method == "get" else caller.send(SUCCESS, method=method, path=path)
        for path in paths
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {
        'Bearer realm="callbacks", Token realm="api"'
    }
    assert callback_of(process).is_open


@pytest.mark.parametrize(
    "credential", ["Bearer forged", "Bearer cbt1.cb_0.k.m", "Token forged", "Basic eA==", "Bearer"]
)
def test_a_bad_credential_is_none_whatever_the_id(process, credential):
    caller = at_root(Caller(process))
    caller.headers = {"Authorization": credential}

    answers = [
        caller.send(SUCCESS, path=caller.path(identity=identity))
        for identity in ("", str(uuid.uuid4()))
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert all(answer.headers["WWW-Authenticate"] for answer in answers)


def test_a_token_opens_its_own_execution_only(process, remote):
    other = callback_of(waiting())
    for caller in (Caller(process), with_bearer(process)):
        for identity in (other.uuid, other.public_id, str(uuid.uuid4()), "nonsense", "%00"):
            answer = caller.send(SUCCESS, path=caller.path(identity=identity))
            elsewhere = remote.post(route="/api/processes/x/callback/x", body=1)
            assert answer.status_code == 404
            assert answer.content == elsewhere.content
    assert callback_of(process).is_open
    other.refresh_from_db()
    assert other.is_open


def test_a_forged_base_url_is_not_found(caller, remote):
    elsewhere = remote.post(route="/api/processes/x/callback/x", body=1)
    token = caller.base.rpartition("/")[2]

    for forged in (token[:-1] + "x", "x", f"{token}.x"):
        path = caller.path().replace(token, forged)
        for answer in (caller.send(SUCCESS, path=path), caller.get(path)):
            assert (answer.status_code, answer.content) == (404, elsewhere.content)


def test_good_credentials_and_no_such_execution(process):
    for caller in (with_api_token(process), with_session(process, permitted("ole"))):
        answer = caller.send(SUCCESS, path=caller.path(identity=str(uuid.uuid4())))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["put", "post", "get"])
def test_a_token_for_progress_may_neither_answer_nor_look(process, method):
    token = signing.make(callback_of(process), scope="progress")
    by_path, by_header = Caller(process), at_root(Caller(process))
    by_path.base = f"/api/mistral/{token}"
    by_header.headers = {"Authorization": f"Bearer {token}"}

    for caller in (by_path, by_header):
        for body in (SUCCESS, {"state": "PAUSED"}):
            answer = caller.get() if method == "get" else caller.send(body, method=method)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert callback_of(process).is_open
    assert not callback_of(process).paused


def test_a_user_without_the_permission_learns_nothing(process):
    caller = with_api_token(process, User.objects.create_user("guest"))

    answers = [
        *(caller.send(SUCCESS, path=caller.path(identity=one)) for one in ("", str(uuid.uuid4()))),
        *(caller.get(caller.path(identity=one)) for one in ("", str(uuid.uuid4()))),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1
    assert callback_of(process).is_open


def test_the_workflows_authoriser_is_asked_too():
    process = run(begin >> manual(), authorize=lambda user: user.username == "maria")
    nina = with_api_token(process)

    assert nina.send(SUCCESS).status_code == 403
    assert nina.get().status_code == 403
    assert callback_of(process).is_open


def test_a_session_needs_its_csrf_token(process):
    caller = at_root(Caller(process))
    caller.client = Client(enforce_csrf_checks=True)
    caller.client.force_login(permitted())

    for method in ("put", "post"):
        answer = caller.send(SUCCESS, method=method)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert callback_of(process).is_open

    caller.client.get("/admin/login/")
    caller.headers = {"X-CSRFToken": caller.client.cookies["csrftoken"].value}
    assert caller.send(SUCCESS, method="post").status_code == 200


def test_a_session_changes_nothing_for_a_token(process):
    caller = Caller(process)
    caller.client = Client(enforce_csrf_checks=True)
    caller.client.force_login(permitted())

    assert caller.send(SUCCESS).status_code == 200
    assert callback_of(process).attempts.get().source == "127.0.0.1"


def test_the_pages_of_other_sites_may_use_the_token_only(process):
    assert Caller(process).get().headers["Access-Control-Allow-Origin"] == "*"
    answer = with_session(process).get()
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_a_step_that_wants_signatures_wants_them_here_too(settings):
    secret = "whsec_bmV3IHNlY3JldCBvZiAyNCBieXRlcyEh"
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"CALLBACK_SECRETS": {"adder": [secret]}}
    process = waiting(signature="adder")
    now, raw = timezone.now(), json.dumps(SUCCESS).encode()
    signed = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signatures.sign(secret, message_id="1", at=now, body=raw),
    }

    for caller in (Caller(process), with_bearer(process)):
        answer = caller.send(SUCCESS)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert with_api_token(waiting(signature="adder")).send(SUCCESS).status_code == 200
    mine = Caller(process)
    mine.headers = signed
    assert mine.send(raw=raw).status_code == 200


@pytest.mark.parametrize("let_in", [Caller, with_bearer])
def test_the_calls_with_one_token_are_limited(settings, process, let_in):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"CALLBACK_RATE_PER_TOKEN": "2/min"}
    caller = let_in(process)

    codes = [caller.send({"state": "RUNNING"}).status_code for _ in range(3)]

    assert codes == [200, 200, 429]


def test_the_calls_of_one_address_are_limited_before_anything_is_looked_at(settings, process):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"CALLBACK_RATE_PER_ADDRESS": "2/min"}
    caller = at_root(Caller(process))
    caller.headers = {"Authorization": "Bearer forged"}
    cache.clear()

    assert [caller.send(SUCCESS).status_code for _ in range(3)] == [401, 401, 429]


# The resource.


def test_the_resource_has_mistrals_fields(anyone, process):
    resource = anyone.get().json()

    created = callback_of(process).created_at
    assert resource == {
        "id": callback_of(process).uuid,
        "workflow_name": "example",
        "workflow_namespace": "",
        "task_name": "Manual",
        "task_execution_id": str(uuid.uuid5(process.pk, "Manual")),
        "state": "RUNNING",
        "state_info": None,
        "tags": [],
        "name": "Manual/Await callback",
        "description": "",
        "project_id": "",
        "accepted": False,
        "input": "{}",
        "output": "{}",
        "created_at": f"{created:%Y-%m-%d %H:%M:%S}",
        "updated_at": f"{created:%Y-%m-%d %H:%M:%S}",
        "params": "{}",
    }
    assert resource.keys() == mistral.FIELDS


@pytest.mark.parametrize(
    ("body", "output"),
    [
        (SUCCESS, {"result": 3}),
        ({"state": "ERROR", "output": {"code": 7}}, {"result": {"code": 7}}),
        ({"state": "ERROR"}, {"result": "Unknown error"}),
        ({"state": "CANCELLED"}, {}),
    ],
)
def test_the_output_is_json_in_a_string(anyone, process, body, output):
    changed = anyone.send(body).json()

    assert json.loads(changed["output"]) == output
    assert changed["accepted"] is True
    assert anyone.get().json() == changed


def test_looking_never_consumes(anyone, process):
    for _ in range(3):
        assert anyone.get().json()["state"] == "RUNNING"
    assert anyone.send(SUCCESS).status_code == 200


def test_every_status_has_its_state(process):
    states = {
        "armed": "RUNNING",
        "awaiting": "RUNNING",
        "succeeded": "SUCCESS",
        "failed": "ERROR",
        "timed_out": "ERROR",
        "cancelled": "CANCELLED",
        "superseded": "CANCELLED",
    }
    for ours, theirs in states.items():
        callback = callback_of(process)
        callback.status = ours
        assert action_executions.state_of(callback) == theirs


def test_each_of_several_callbacks_is_an_execution_of_one_task():
    @step("Ask")
    def ask(item: int) -> None:
        assert item

    process = run(begin >> callback_map(lambda _state: [1, 2], ask, result_key="sums"))
    assert process.status == "awaiting_callback", process.failed_reason
    first, second = CallbackToken.objects.order_by("item")
    for callback in (second, first):
        caller = Caller(process)
        caller.callback = callback
        caller.base = tokens.mistral_url(callback).removeprefix("http://127.0.0.1:8000")
        answer = caller.send({"state": "SUCCESS", "output": callback.item}).json()
        assert (answer["task_name"], answer["state"]) == ("Ask", "SUCCESS")

    assert status(process) == "completed"
    assert [found["result"] for found in state(process)["sums"]] == [0, 1]


def test_other_methods_are_refused_with_those_allowed(anyone):
    for method in ("delete", "patch"):
        answer = anyone.send(SUCCESS, method=method)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) >= {"GET", "PUT", "POST"}


def test_there_are_no_actions_to_run_ad_hoc(caller):
    answer = caller.send({"name": "std.echo"}, method="post", path="/v2/action_executions")

    assert answer.status_code == 404


# Databases, logs, races.


def test_a_database_that_is_away_is_said_to_be_and_leaves_it_open(anyone, process):
    def away(*_arguments: Any) -> None:
        raise OperationalError("the database is away")

    if anyone.client.cookies:
        return  # The session itself is in the database: Django's middleware looks first.
    with connection.execute_wrapper(away):
        answer = anyone.send(SUCCESS)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert anyone.send(SUCCESS).status_code == 200


def test_neither_the_base_url_nor_the_header_shows_in_a_log(caller):
    token = signing.make(caller.callback)
    for text in (
        f"PUT {caller.path()} 200",
        f"'Authorization': 'Bearer {token}'",
        tokens.mistral_url(caller.callback),
    ):
        record = logging.LogRecord("x", logging.INFO, "", 1, "%s", (text,), None)
        MaskTokens().filter(record)
        assert token.rpartition(".")[2] not in record.getMessage()
        assert "cbt1.[hidden]" in record.getMessage()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.mark.postgresql
def test_of_eight_updates_at_once_exactly_one_is_taken(process, pool):
    with transaction.atomic():
        locked(process.pk)
        answers = [
            in_thread(pool, Caller(process).send, {"state": "SUCCESS", "output": number})
            for number in range(8)
        ]
        until(waiting_for_locks(8), "all eight wait for the process")
    codes = [answer.result().status_code for answer in answers]

    assert sorted(codes) == [200] + [409] * 7
    assert callback_of(process).result == codes.index(200)


@pytest.mark.postgresql
def test_the_same_update_twice_at_once_is_taken_once_and_answered_twice(process, pool):
    with transaction.atomic():
        locked(process.pk)
        answers = [in_thread(pool, Caller(process).send, SUCCESS) for _ in range(2)]
        until(waiting_for_locks(2), "both wait for the process")

    assert [answer.result().status_code for answer in answers] == [200, 200]
    assert callback_of(process).attempts.filter(outcome="accepted").count() == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("wanted", ["PAUSED", "RUNNING"])
def test_a_pause_that_races_the_answer_does_not_undo_it(process, pool, wanted):
    caller = Caller(process)
    with transaction.atomic():
        locked(process.pk)
        assert caller.send(SUCCESS).status_code == 200
        pause = in_thread(pool, Caller(process).send, {"state": wanted})
        until(waiting_for_locks(), "the pause waits for the process")

    assert pause.result().status_code == 400
    assert status(process) == "completed"
    assert state(process)["callback_result"] == 3


@pytest.mark.postgresql
def test_an_answer_that_waits_for_a_pause_is_taken(process, pool):
    caller = Caller(process)
    with transaction.atomic():
        locked(process.pk)
        assert caller.send({"state": "PAUSED"}).status_code == 200
        answer = in_thread(pool, Caller(process).send, SUCCESS)
        until(waiting_for_locks(), "the answer waits for the process")

    assert answer.result().status_code == 200
    assert status(process) == "completed"


# The words.


def test_an_update_that_is_no_answer_says_so():
    assert Update("PAUSED").answer is None
    assert Update("RUNNING").answer is None
