"""Steps that ask a real service over HTTP, and the document of Mistral as it is written."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import requests
from django.utils import timezone

from callbacks_app import signatures, signing
from callbacks_app.models import CallbackToken
from callbacks_app.steps import http_step
from tests.callbacks_app.conftest import callback_of
from tests.callbacks_app.services import Asked, Reply, Service, serving
from tests.engine import define, drain, make_due, rows, run, state
from workflows_app import Retry, State, begin, engine, step
from workflows_app.errors import DefinitionError
from workflows_app.models import Process, ProcessStep

pytestmark = pytest.mark.django_db(transaction=True)

FIVE = (
    "Mistral-Workflow-Name",
    "Mistral-Workflow-Execution-Id",
    "Mistral-Task-Id",
    "Mistral-Action-Execution-Id",
    "Mistral-Callback-URL",
)
SECRET, OLD = "whsec_bmV3IHNlY3JldCBvZiAyNCBieXRlcyEh", "whsec_b2xkIHNlY3JldCBvZiAyNCBieXRlcyEh"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01"


@pytest.fixture
def service():
    with serving() as running:
        yield running


@pytest.fixture
def reachable(settings):
    """Let steps reach this machine."""
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"HTTP_DENIED_NETWORKS": []}
    return settings


@pytest.fixture
def site(reachable, live_server):
    """This site, where remote systems can reach it."""
    reachable.ORCHESTRATOR = reachable.ORCHESTRATOR | {"BASE_URL": live_server.url}
    reachable.ALLOWED_HOSTS = ["*"]
    return live_server


def ends(process: Process) -> tuple[str, str]:
    """Return where a process stands after all that can be done, and why."""
    drain()
    process.refresh_from_db()
    return process.status, process.failed_reason


def stored(process: Process) -> str:
    """Return everything that is stored of a process, its log of requests too."""
    process.refresh_from_db()
    parts: list[Any] = [
        state(process),
        process.failed_reason,
        list(ProcessStep.objects.values()),
        list(CallbackToken.objects.values("result", "error", "progress", "idempotency_key")),
        list(process.events.values()),
    ]
    return repr(parts)


def require_no_token(process: Process) -> None:
    callback = callback_of(process)
    found = stored(process)
    for scope in signing.SCOPES:
        mac = signing.make(callback, scope=scope).rpartition(".")[2]
        assert mac[:12] not in found


def one_plus_two(service: Service, **options: Any) -> Process:
    params = {"a": 1, "b": 2}
    return run(begin >> http_step("one_plus_two", service.url, params=params, **options))


# The document: "How to work with asynchronous actions".


def adds(asked: Asked) -> Reply:
    """Add the two numbers later, and post the sum as the document says, to the letter."""
    return Reply(202)


def post_result(asked: Asked) -> requests.Response:
    base = asked.headers["Mistral-Callback-URL"]
    identity = asked.headers["Mistral-Action-Execution-Id"]
    total = int(asked.params["a"]) + int(asked.params["b"])
    return requests.post(
        f"{base}/v2/action-executions/{identity}",
        json={"state": "SUCCESS", "output": total},
        timeout=10,
    )


def test_the_document_of_mistral_runs_to_the_letter(site, service):
    process = one_plus_two(service)
    assert process.status == "awaiting_callback", process.failed_reason
    (asked,) = service.asked
    assert (asked.method, asked.params) == ("GET", {"a": "1", "b": "2"})

    answer = post_result(asked)

    assert answer.status_code == 200
    assert answer.json()["state"] == "SUCCESS"
    assert json.loads(answer.json()["output"]) == {"result": 3}
    assert ends(process) == ("completed", "")
    assert state(process)["callback_result"] == 3
    require_no_token(process)


def test_a_service_that_answers_before_it_replies_is_heard(site, service):
    early: list[int] = []

    def quick(asked: Asked) -> Reply:
        early.append(post_result(asked).status_code)
        return Reply(200)

    service.answering = quick
    process = one_plus_two(service)

    assert early == [200]
    assert (process.status, state(process)["callback_result"]) == ("completed", 3)


# The request.


def test_the_five_headers_name_the_process_the_task_and_the_execution(site, service):
    process = one_plus_two(service)

    headers = service.asked[0].headers

    assert headers["Mistral-Workflow-Name"] == "example"
    assert headers["Mistral-Workflow-Execution-Id"] == str(process.pk)
    assert headers["Mistral-Action-Execution-Id"] == callback_of(process).uuid
    assert headers["Mistral-Callback-URL"].startswith(f"{site.url}/api/mistral/cbt1.")
    resource = requests.get(
        f"{headers['Mistral-Callback-URL']}/v2/action_executions/{callback_of(process).uuid}",
        timeout=10,
    ).json()
    assert resource["task_execution_id"] == headers["Mistral-Task-Id"]
    assert str(UUID(headers["Mistral-Task-Id"])) == headers["Mistral-Task-Id"]
    assert (resource["task_name"], resource["state"]) == ("one_plus_two", "RUNNING")


def test_the_other_headers_are_the_callbacks_own(site, service):
    process = one_plus_two(service)
    headers = service.asked[0].headers

    assert requests.post(headers["Progress-URL"], json={"percent": 50}, timeout=10).ok
    assert headers["Idempotency-Key"] == callback_of(process).public_id
    assert headers["traceparent"] is None
    assert requests.post(headers["Callback-URL"], json=3, timeout=10).ok
    assert ends(process) == ("completed", "")


def test_the_trace_of_the_process_goes_along(reachable, service):
    name = define(begin >> http_step("Ask", service.url))
    engine.start(name, by="maria", traceparent=TRACE)
    drain()

    assert service.asked[0].headers["traceparent"].split("-")[1] == TRACE.split("-")[1]


def test_without_mistrals_headers_only_they_are_missing(reachable, service):
    one_plus_two(service, mistral_headers=False)

    headers = service.asked[0].headers
    assert not [name for name in FIVE if headers[name]]
    assert headers["Callback-URL"]


def test_the_authors_headers_are_sent_but_replace_none_of_ours(reachable, service):
    given = {name.lower(): "forged" for name in (*FIVE, "Callback-URL", "Idempotency-Key")}
    process = one_plus_two(service, headers=given | {"X-Mine": 7, "X-None": None})

    headers = service.asked[0].headers
    assert "forged" not in [headers[name] for name in (*FIVE, "Callback-URL", "Idempotency-Key")]
    assert len(headers.get_all("Mistral-Callback-URL")) == 1
    assert (headers["X-Mine"], headers["X-None"]) == ("7", None)
    require_no_token(process)


def test_everything_may_be_a_function_of_the_state(reachable, service):
    @step("Prepare")
    def prepare() -> State:
        return {"vlan": 7, "path": "/orders"}

    ask = http_step(
        "Ask",
        lambda state: f"{service.url}{state['path']}",
        method="post",
        params=lambda state: {"vlan": state["vlan"]},
        json=lambda state: {"vlan": state["vlan"], "answer_to": state["callback_url"]},
        headers=lambda state: {"X-Vlan": state["vlan"]},
    )
    process = run(begin >> prepare >> ask)

    assert process.status == "awaiting_callback", process.failed_reason
    (asked,) = service.asked
    assert (asked.method, asked.path, asked.params) == ("POST", "/orders", {"vlan": "7"})
    assert asked.headers["X-Vlan"] == "7"
    assert asked.headers["Content-Type"] == "application/json"
    assert json.loads(asked.body) == {"vlan": 7, "answer_to": asked.headers["Callback-URL"]}
    require_no_token(process)


def test_with_a_secret_the_request_is_signed_by_the_new_and_by_the_old(reachable, service):
    secrets = {"CALLBACK_SECRETS": {"adder": [SECRET, OLD]}}
    reachable.ORCHESTRATOR = reachable.ORCHESTRATOR | secrets

    run(begin >> http_step("Ask", service.url, method="POST", json=[1], signature="adder"))

    (asked,) = service.asked
    for secret in (SECRET, OLD):
        signatures.verify(asked.headers, asked.body, secrets=[secret], now=timezone.now())
    assert asked.headers["webhook-id"] == asked.headers["Idempotency-Key"]


def test_a_request_that_cannot_be_signed_is_not_sent(reachable, service):
    process = run(begin >> http_step("Ask", service.url, signature="adder"))

    assert process.failed_reason == "CALLBACK_SECRETS has no usable secrets for 'adder'"
    assert service.asked == []


# What the service answers at once.


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_the_body_of_a_good_reply_is_of_no_interest(reachable, service, status):
    service.reply = Reply(status, b"" if status == 204 else b'{"state": "ERROR"}')

    process = one_plus_two(service)

    assert process.status == "awaiting_callback"
    assert "ERROR" not in stored(process)


@pytest.mark.parametrize("status", [307, 308, 400, 404, 429, 500, 503, 599])
def test_any_other_status_fails_the_step_at_once(reachable, service, status):
    service.reply = Reply(status, b"no room")

    process = one_plus_two(service)

    assert process.status == "failed"
    assert process.failed_reason.startswith(f"GET {service.url} was answered {status}")
    assert process.failed_reason.endswith(": no room")
    assert rows(process)[-1] == ("one_plus_two/Send request", "failed")


def test_a_redirect_is_not_followed(reachable, service):
    service.reply = Reply(302, b"", {"Location": f"{service.url}/elsewhere"})

    process = one_plus_two(service)

    assert [asked.path for asked in service.asked] == ["/"]
    assert (process.status, "302 Found" in process.failed_reason) == ("failed", True)


def test_a_service_that_is_away_fails_the_step_at_once(reachable):
    with serving() as service:
        url = service.url

    process = run(begin >> http_step("Ask", url, params=lambda s: {"to": s["callback_url"]}))

    assert (process.status, process.steps.latest("pk").error_class) == ("failed", "ConnectionError")
    require_no_token(process)


def test_a_retry_asks_again_with_another_callback(reachable, service):
    service.reply = Reply(500)
    process = one_plus_two(service)
    service.reply = Reply(200)

    engine.retry(process.pk, by="maria")

    assert ends(process)[0] == "awaiting_callback"
    first, second = (asked.headers for asked in service.asked)
    assert first["Mistral-Action-Execution-Id"] != second["Mistral-Action-Execution-Id"]
    assert first["Mistral-Callback-URL"] != second["Mistral-Callback-URL"]
    assert first["Mistral-Task-Id"] == second["Mistral-Task-Id"]


def test_the_request_may_be_retried_with_the_same_callback(reachable, service):
    service.reply = Reply(503)
    again = Retry(max_attempts=3, backoff=timedelta(minutes=1))
    process = one_plus_two(service, retry_request=again)
    assert process.status == "waiting"
    service.reply = Reply(200)
    make_due(process)

    assert ends(process)[0] == "awaiting_callback"
    assert len({asked.headers["Idempotency-Key"] for asked in service.asked}) == 1
    assert len(service.asked) == 2


def test_the_networks_that_are_denied_are_not_asked(service, settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"HTTP_DENIED_NETWORKS": ["127.0.0.0/8"]}

    process = one_plus_two(service)

    assert process.status == "failed"
    assert "HTTP_DENIED_NETWORKS" in process.failed_reason
    assert service.asked == []


def test_a_url_that_is_none_fails_the_step(reachable):
    for url in (lambda _state: None, "nonsense", "ftp://127.0.0.1/"):
        assert run(begin >> http_step("Ask", url)).status == "failed"


# Secrets.


def test_a_service_that_repeats_the_token_in_a_refusal_does_not_get_it_stored(reachable, service):
    def repeat(asked: Asked) -> Reply:
        # The message shows 300 characters: this one would be cut in two.
        return Reply(500, (" " + "x" * 150 + asked.headers["Mistral-Callback-URL"] * 5).encode())

    service.answering = repeat

    process = one_plus_two(service)

    assert "cbt1.[hidden]" in process.failed_reason
    require_no_token(process)


def test_an_error_with_the_url_in_it_does_not_get_the_token_stored(reachable):
    def fails(state: State) -> str:
        urls = (state["callback_url"], quote(state["progress_url"], safe=""))
        raise ValueError(f"cannot send {' or '.join(urls)}")

    process = run(begin >> http_step("Ask", fails))

    assert process.failed_reason.count("[hidden]") == 2
    require_no_token(process)


def test_a_password_and_a_query_are_not_shown(reachable, service):
    service.reply = Reply(401)
    url = service.url.replace("http://", "http://user:password@") + "/x?key=secret"

    process = run(begin >> http_step("Ask", url))

    assert process.failed_reason == f"GET {service.url}/x was answered 401 Unauthorized: ok"


# What comes after.


def test_the_result_can_be_validated_and_named(site, service):
    @step("Check")
    def check(total: int) -> State:
        return {"checked": total}

    process = one_plus_two(service, validate_step=check, result_key="total")
    post_result(service.asked[0])

    assert ends(process) == ("completed", "")
    assert (state(process)["total"], state(process)["checked"]) == (3, 3)


def test_the_time_of_a_request_is_above_zero():
    with pytest.raises(DefinitionError, match="request_timeout"):
        http_step("Ask", "http://example.org", request_timeout=0)
