"""Callbacks over the REST API: what people and their programs see of them, and may do."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from pydantic import BaseModel
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from callbacks_app.models import CallbackAttempt, CallbackToken
from tests.callbacks_app.conftest import GOOD, ask, callback_of, confirm
from tests.engine import drain, events, make_due, run, state
from workflows_app import begin, engine
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/callbacks/"
WHY = {"reason": "they told us on the phone"}
BODIES: dict[str, dict[str, Any]] = {
    "complete": {"result": GOOD},
    "fail": {"error_message": "no light"},
    "cancel": {},
    "extend": {"seconds": 3600},
    "adopt": {"attempt": 1},
}


class Result(BaseModel):
    return_code: int
    status: str


def user(name: str, *permissions: str) -> User:
    made = User.objects.create_user(name)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


def client_of(who: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=who).key}")
    return client


@pytest.fixture
def anna() -> APIClient:
    """Return the client of somebody who may look at callbacks and answer them."""
    return client_of(user("anna", "view_process", "answer_callback"))


@pytest.fixture
def looker() -> APIClient:
    return client_of(user("looker", "view_process"))


def address(callback: CallbackToken, verb: str = "") -> str:
    return f"{URL}{callback.public_id}" + (f"/{verb}" if verb else "")


def problem(response, status: int, code: str):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]
    return body


def open_callback(remote, **options) -> CallbackToken:
    return callback_of(run(begin >> ask(remote, **options) >> confirm))


def let_it_expire(callback: CallbackToken) -> None:
    CallbackToken.objects.filter(pk=callback.pk).update(deadline_at=timezone.now())
    make_due(callback.process)
    drain()


# Looking


def test_the_list_shows_the_newest_first_in_pages(anna, remote):
    callbacks = [open_callback(remote) for _ in range(3)]

    page = anna.get(URL, {"limit": 2}).json()

    assert page["count"] == 3
    assert [row["id"] for row in page["results"]] == [
        callback.public_id for callback in reversed(callbacks[1:])
    ]
    assert page["next"]
    first = page["results"][0]
    assert first["status"] == "started"
    assert first["waiting"] is True
    assert first["process"] == str(callbacks[2].process_id)
    assert (first["workflow"], first["step"]) == ("example", "Playbook/Await callback")


def each_status(remote) -> dict[str, CallbackToken]:
    """Return a callback of each status."""
    made = {
        name: open_callback(remote, timeout=60)
        for name in ("started", "succeeded", "failed", "timed_out", "cancelled", "stopped")
    }
    routes = dict(zip(made, remote.routes[-len(made) :], strict=True))
    remote.post(route=routes["succeeded"], body=GOOD)
    remote.post("/failure", route=routes["failed"], body={"error_message": "no"})
    let_it_expire(made["timed_out"])
    CallbackToken.objects.filter(pk=made["cancelled"].pk).update(status="cancelled")
    engine.abort(made["stopped"].process_id, by="ops")
    drain()
    return made


def test_the_list_is_filtered_by_status(anna, remote):
    made = each_status(remote)

    def found(value: str) -> set[str]:
        return {row["id"] for row in anna.get(URL, {"status": value}).json()["results"]}

    for name, callback in made.items():
        assert found(name) == {callback.public_id}, name
        assert anna.get(address(callback)).json()["status"] == name
    assert found("failed, timed_out") == {made["failed"].public_id, made["timed_out"].public_id}
    assert found("") == {callback.public_id for callback in made.values()}
    assert found("nonsense") == found("a\0b") == set()


def test_the_list_is_filtered_by_process(anna, remote):
    one, _other = open_callback(remote), open_callback(remote)

    found = anna.get(URL, {"process": str(one.process_id)}).json()["results"]

    assert [row["id"] for row in found] == [one.public_id]
    assert anna.get(URL, {"process": "nonsense"}).json()["count"] == 0


def test_the_list_costs_the_same_whatever_it_shows(anna, remote, django_assert_num_queries):
    open_callback(remote)
    anna.get(URL)
    with django_assert_num_queries(5):
        anna.get(URL)
    each_status(remote)
    with django_assert_num_queries(5):
        assert anna.get(URL).json()["count"] == 7


def test_a_callback_is_shown_with_everybody_who_tried(anna, remote):
    callback = open_callback(remote, timeout=60, heartbeat=30, payload_model=Result)
    remote.post("/progress", {"percent": 40})
    remote.post("/progress", {"percent": 50})
    remote.post(body={"return_code": "x"})

    shown = anna.get(address(callback)).json()

    assert shown["progress"] == {"percent": 50}
    assert shown["deadline_at"]
    assert shown["heartbeat_due_at"]
    assert shown["payload_schema"]["required"] == ["return_code", "status"]
    assert [(a["kind"], a["outcome"], a["times"]) for a in shown["attempts"]] == [
        ("progress", "accepted", 2),
        ("result", "invalid_payload", 1),
    ]
    assert shown["attempts"][0]["source"] == "127.0.0.1"
    assert shown["allowed_actions"] == ["complete", "fail", "cancel", "extend"]
    assert shown["overrulable"] is False
    assert (shown["result"], shown["error"]) == (None, None)


def test_a_late_answer_is_shown_with_what_it_said(anna, remote):
    callback = open_callback(remote, timeout=60)
    let_it_expire(callback)
    remote.post(body=GOOD)

    shown = anna.get(address(callback)).json()

    (late,) = shown["attempts"]
    assert (late["adoptable"], late["payload"], late["outcome"]) == (True, GOOD, "expired")
    assert shown["overrulable"] is True
    assert shown["allowed_actions"] == ["complete"]
    assert shown["error"] == {"error_type": "Callback.Timeout"}


def test_what_opens_a_callback_is_never_shown(anna, remote):
    callback = open_callback(remote)
    key = {"HTTP_IDEMPOTENCY_KEY": "key-of-the-remote"}
    remote.post("/progress", {"percent": 1}, **key)
    remote.post(body=GOOD, **key)
    token = remote.routes[-1].rpartition("/")[2]

    told = anna.get(URL).content + anna.get(address(callback)).content

    row = CallbackToken.objects.get()
    for secret in (token, row.nonce, row.idempotency_key, row.digest, "key_id", "nonce", "digest"):
        assert secret
        assert secret.encode() not in told


def test_looking_takes_a_login_and_the_right_to_look(remote):
    callback = open_callback(remote)
    stranger = client_of(user("stranger", "answer_callback"))

    for path in (URL, address(callback)):
        problem(stranger.get(path), 403, "not_permitted")
        problem(APIClient().get(path), 401, "not_authenticated")


@pytest.mark.parametrize("name", ["cb_" + "0" * 32, "nothing", "%00", "cb_é"])
def test_there_is_nothing_under_an_unknown_name(anna, name):
    problem(anna.get(f"{URL}{name}"), 404, "not_found")
    problem(anna.post(f"{URL}{name}/cancel", WHY), 404, "not_found")


def test_a_callback_is_found_by_its_uuid_too(anna, remote):
    callback = open_callback(remote)

    assert anna.get(f"{URL}{callback.uuid}").json()["id"] == callback.public_id


# Acting


def test_a_callback_is_completed(anna, remote):
    callback = open_callback(remote)

    response = anna.post(address(callback, "complete"), {"result": GOOD} | WHY)

    assert (response.status_code, response.json()) == (200, {"code": "accepted"})
    drain()
    callback.process.refresh_from_db()
    assert callback.process.status == "suspended"
    assert events(callback.process)[-1] == ("anna", "answered by hand")
    shown = anna.get(address(callback)).json()
    assert (shown["answered_by"], shown["answered_via"]) == ("anna", "api")
    assert shown["attempts"][-1]["reason"] == WHY["reason"]
    assert shown["result"] == GOOD


def test_null_is_a_result_too_and_none_is_not(anna, remote):
    callback = open_callback(remote)

    refused = problem(anna.post(address(callback, "complete"), WHY), 422, "invalid_payload")
    assert list(refused["errors"]) == ["result"]
    assert anna.post(address(callback, "complete"), {"result": None} | WHY).status_code == 200


def test_a_callback_is_failed(anna, remote):
    callback = open_callback(remote)
    error = {"error_type": "NoLight", "error_message": "no light", "retryable": False}
    error |= {"error_data": {"port": 7}}

    assert anna.post(address(callback, "fail"), error | WHY).status_code == 200

    assert anna.get(address(callback)).json()["error"] == error


def test_a_callback_is_cancelled(anna, remote):
    callback = open_callback(remote)

    assert anna.post(address(callback, "cancel"), WHY).status_code == 200

    assert anna.get(address(callback)).json()["status"] == "cancelled"


def test_a_deadline_is_moved(anna, remote):
    callback = open_callback(remote, timeout=60)

    response = anna.post(address(callback, "extend"), {"seconds": 3600} | WHY)

    assert response.status_code == 200
    shown = anna.get(address(callback)).json()
    assert response.json() == {"code": "accepted", "deadline_at": shown["deadline_at"]}


def test_a_late_answer_is_adopted(anna, remote):
    callback = open_callback(remote, timeout=60)
    let_it_expire(callback)
    remote.post(body=GOOD)
    attempt = CallbackAttempt.objects.get()

    response = anna.post(address(callback, "adopt"), {"attempt": attempt.pk} | WHY)

    assert response.status_code == 200
    drain()
    assert state(Process.objects.get())["callback_result"] == GOOD


def test_a_late_answer_of_another_callback_is_not_found(anna, remote):
    callback = open_callback(remote, timeout=60)
    let_it_expire(callback)
    remote.post(body=GOOD)
    other = open_callback(remote)
    body = {"attempt": CallbackAttempt.objects.get().pk} | WHY

    problem(anna.post(address(other, "adopt"), body), 404, "not_found")
    problem(anna.post(address(other, "adopt"), {"attempt": 2**63} | WHY), 422, "invalid_payload")


def test_an_answer_during_a_pause_is_accepted_for_later(anna, remote):
    callback = open_callback(remote)
    engine.pause(by="ops")

    response = anna.post(address(callback, "complete"), {"result": GOOD} | WHY)

    assert (response.status_code, response.json()) == (202, {"code": "held"})


# Refusals


@pytest.mark.parametrize("verb", BODIES)
def test_acting_takes_the_permission_and_a_login(looker, remote, verb):
    callback = open_callback(remote, timeout=60)

    problem(looker.post(address(callback, verb), BODIES[verb] | WHY), 403, "not_permitted")
    problem(APIClient().post(address(callback, verb), BODIES[verb] | WHY), 401, "not_authenticated")
    assert CallbackToken.objects.get().status == "awaiting"


@pytest.mark.parametrize("verb", BODIES)
def test_acting_takes_the_consent_of_the_workflow(anna, remote, verb):
    callback = callback_of(run(begin >> ask(remote), authorize=lambda who: who.username == "maria"))

    problem(anna.post(address(callback, verb), BODIES[verb] | WHY), 403, "not_permitted")


@pytest.mark.parametrize("verb", ["complete", "fail", "cancel", "extend"])
@pytest.mark.parametrize("reason", [{}, {"reason": " "}])
def test_acting_takes_a_reason(anna, remote, verb, reason):
    callback = open_callback(remote, timeout=60)

    problem(anna.post(address(callback, verb), BODIES[verb] | reason), 400, "reason_missing")
    assert CallbackToken.objects.get().status == "awaiting"


@pytest.mark.parametrize("verb", ["complete", "fail", "cancel", "extend"])
def test_what_has_ended_is_a_conflict_or_gone(anna, remote, verb):
    made = each_status(remote)

    body = BODIES[verb] | WHY
    problem(anna.post(address(made["succeeded"], verb), body), 409, "already_answered")
    gone = problem(anna.post(address(made["stopped"], verb), body), 410, "process_finished")
    assert gone["cancel_requested"] is True


def test_a_result_that_does_not_fit_is_refused_with_its_places(anna, remote):
    callback = open_callback(remote, payload_model=Result)

    response = anna.post(address(callback, "complete"), {"result": {"return_code": "x"}} | WHY)

    errors = problem(response, 422, "invalid_payload")["errors"]
    assert [error["loc"] for error in errors] == [["return_code"], ["status"]]
    assert CallbackToken.objects.get().status == "awaiting"


@pytest.mark.parametrize(
    ("verb", "body", "place"),
    [
        ("fail", {}, "error_message"),
        ("fail", {"error_message": "x", "retryable": "perhaps"}, "retryable"),
        ("extend", {}, "seconds"),
        ("extend", {"seconds": 0}, "seconds"),
        ("extend", {"seconds": 10**12}, "seconds"),
        ("adopt", {"attempt": "x"}, "attempt"),
        ("cancel", {"reason": "x" * 2001}, "reason"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_with_its_places(anna, remote, verb, body, place):
    callback = open_callback(remote, timeout=60)

    refused = anna.post(address(callback, verb), WHY | body)

    assert list(problem(refused, 422, "invalid_payload")["errors"]) == [place]


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b'{"result": NaN}', 400, "malformed_json"),
        (b'{"result": 1, "result": 2}', 400, "malformed_json"),
        (b'{"result": "\\u0000"}', 400, "malformed_json"),
        (b'{"result": "\\ud800"}', 400, "malformed_json"),
        (b"[" * 5000 + b"]" * 5000, 400, "malformed_json"),
        (b"[]", 422, "invalid_payload"),
        (b"", 422, "invalid_payload"),
        (b'"' + b"x" * 2**20 + b'"', 413, "too_large"),
    ],
)
def test_what_a_remote_system_may_not_send_nobody_sends_for_it(anna, remote, raw, status, code):
    callback = open_callback(remote)

    response = anna.post(address(callback, "complete"), raw, content_type="application/json")

    problem(response, status, code)
    assert CallbackToken.objects.get().status == "awaiting"


def test_only_json_is_read(anna, remote):
    callback = open_callback(remote)
    body = json.dumps({"result": 1} | WHY)

    response = anna.post(address(callback, "complete"), body, content_type="text/plain")

    problem(response, 415, "unsupported_media_type")


def test_methods_are_what_the_schema_says(anna, remote):
    callback = open_callback(remote)

    problem(anna.get(address(callback, "cancel")), 405, "method_not_allowed")
    problem(anna.put(address(callback), {}), 405, "method_not_allowed")


def test_a_step_that_has_left_the_code_is_no_server_error(anna, remote):
    callback = open_callback(remote, timeout=60)
    let_it_expire(callback)
    CallbackToken.objects.update(waits_at="Gone", path="Gone")
    Process.objects.update(next_step="Gone")

    response = anna.post(address(callback, "complete"), {"result": 1} | WHY)

    assert response.status_code == 409, response.content
    assert CallbackToken.objects.get().status == "timed_out"
