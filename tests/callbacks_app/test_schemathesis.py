"""Requests made from the OpenAPI document, good and bad: every answer is one that it names.

They are sent to callbacks that wait, that were answered and that do not exist, with their tokens,
with those for progress only, and with what was made up.
"""

import json
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from pydantic import BaseModel, Field
from rest_framework.authtoken.models import Token
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from callbacks_app import signing
from callbacks_app.models import CallbackToken
from tests.callbacks_app.conftest import GOOD, Remote, ask
from tests.engine import run
from workflows_app import begin

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = {
    "callback_result",
    "callback_state",
    "callback_failure",
    "callback_progress",
    "callback_heartbeat",
    "callback_contract",
    "callback_list",
    "callback_show",
    "callback_complete",
    "callback_fail",
    "callback_cancel",
    "callback_extend",
    "callback_adopt",
    "callback_reveal",
    "mistral_callback_state",
    "mistral_callback_put",
    "mistral_callback_post",
    "mistral_state",
    "mistral_put",
    "mistral_post",
}


UPDATE = {"state": "SUCCESS", "output": GOOD}
BODIES: dict[str, Any] = {  # That an open callback takes.
    "callback_result": GOOD,
    "callback_failure": {"error_message": "no light", "retryable": True},
    "callback_progress": {"percent": 40},
    "callback_heartbeat": {"extend_seconds": 5},
    "callback_complete": {"result": GOOD, "reason": "they phoned"},
    "callback_fail": {"error_message": "no light", "reason": "they phoned"},
    "callback_cancel": {"reason": "they phoned"},
    "callback_extend": {"seconds": 600, "reason": "they phoned"},
    "callback_reveal": {},
    "mistral_callback_put": UPDATE,
    "mistral_callback_post": UPDATE,
    "mistral_put": UPDATE,
    "mistral_post": UPDATE,
}


class Report(BaseModel):
    return_code: int = Field(ge=0)
    status: str = ""


def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(SchemaGenerator().get_schema(public=True)))
    return made


def operations(described: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return path and method of the document's operations on callbacks, by name."""
    return {
        operation["operationId"]: (path, method)
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if operation["operationId"].startswith(("callback_", "mistral_"))
    }


class Targets:
    """Callbacks to aim at. An open one is open until a request has answered it."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.opened: CallbackToken | None = None
        self.answered = self.waiting()
        assert remote.post(body=GOOD).status_code == 200

    def waiting(self) -> CallbackToken:
        process = run(begin >> ask(self.remote, payload_model=Report, extend_limit=3600))
        return CallbackToken.objects.get(process=process)

    def open(self) -> CallbackToken:
        if self.opened:
            self.opened.refresh_from_db()
        if not self.opened or not self.opened.is_open:
            self.opened = self.waiting()
        return self.opened

    def aim(self, case: Case[Any], target: str) -> str:
        """Put a real callback into the request's path; return its token."""
        callback = self.answered if target == "answered" else self.open()
        token = signing.make(callback, scope="progress" if target == "progress" else "result")
        real = {
            "process_id": str(callback.process_id),
            "token": token,
            "callback_id": callback.public_id,
            "identity": callback.uuid,
        }
        if target != "made up":
            case.path_parameters = {name: real[name] for name in case.path_parameters}
        return token


@pytest.fixture
def targets(remote: Remote, settings: Any) -> Targets:
    rates = {"CALLBACK_RATE_PER_TOKEN": None, "CALLBACK_RATE_PER_ADDRESS": None}
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | rates
    return Targets(remote)


def test_every_operation_on_callbacks_is_tried():
    assert operations(document()).keys() == OPERATIONS


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_is_documented(name, targets, admin_user):
    described = document()
    path, method = operations(described)[name]
    operation = schemathesis.openapi.from_dict(described)[path][method]
    login = Token.objects.create(user=admin_user).key
    application = WSGIHandler()
    statuses = set()

    @hypothesis_settings(
        max_examples=60,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)),
        target=st.sampled_from(["open", "answered", "progress", "made up"]),
        credential=st.sampled_from(["login", "token", "none"]),
        is_good=st.booleans(),
    )
    def explore(case: Case[Any], target: str, credential: str, is_good: bool) -> None:
        token = targets.aim(case, target)
        if is_good and name in BODIES:
            case.body, case.media_type = BODIES[name], "application/json"
        shown = {"login": f"Token {login}", "token": f"Bearer {token}"}
        headers = {"Authorization": shown[credential]} if credential in shown else {}
        answer = case.call(app=application, headers=headers)
        assert answer.status_code < 500, answer.content
        case.validate_response(answer, checks=CHECKS)
        statuses.add(answer.status_code)

    explore()

    wanted = {200} if name in BODIES or method == "get" else {404}  # Nothing late to adopt.
    assert wanted <= statuses
