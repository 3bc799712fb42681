"""A workflow that waits for a callback, and the remote system's side of it."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from callbacks_app import tokens, tracing
from callbacks_app.models import CallbackToken
from callbacks_app.steps import callback_step
from tests.engine import run
from workflows_app import State, begin, inputstep, step
from workflows_app.dsl import StepList
from workflows_app.errors import ProcessFailureError
from workflows_app.forms import SubmitFormPage
from workflows_app.models import Process


class Remote:
    """What the remote system was given, and what it does with it."""

    def __init__(self) -> None:
        self.routes: list[str] = []
        self.client = Client()

    def post(self, path: str = "", body: Any = None, **options: Any) -> Any:
        """POST JSON, or ``raw`` bytes, to the newest address."""
        raw = options.pop("raw", None)
        content_type = options.pop("content_type", "application/json")
        data = json.dumps(body) if raw is None else raw
        route = options.pop("route", None) or self.routes[-1]
        return self.client.post(f"{route}{path}", data, content_type=content_type, **options)

    def get(self) -> Any:
        """Ask whether the callback is still open."""
        return self.client.get(self.routes[-1])


@pytest.fixture(autouse=True)
def fresh_limits():
    """Let no test be slowed down for what another sent."""
    cache.clear()


@pytest.fixture
def remote() -> Remote:
    return Remote()


@pytest.fixture
def playbook(remote: Remote) -> StepList:
    """A callback step: its action gives the address to ``remote``."""
    return ask(remote)


def ask(remote: Remote, **options: Any) -> StepList:
    """Return a callback step with ``options``; its action gives the address to ``remote``."""

    @step("Run it")
    def run_it(callback_route: str) -> None:
        remote.routes.append(callback_route)

    return callback_step("Playbook", run_it, validate, **options)


@step("Validate")
def validate(callback_result: dict[str, Any]) -> State:
    if callback_result["return_code"] != 0:
        raise ProcessFailureError("Callback failure", details=callback_result)
    return {"valid": True}


@inputstep("Confirm", assignee="SYSTEM")
def confirm(state: State):
    class Page(SubmitFormPage):
        status: str = state["callback_result"]["status"]

    yield Page
    return {"confirmed": True}


@pytest.fixture
def awaiting(playbook: StepList) -> Process:
    """A process that is parked on its callback."""
    process = run(begin >> playbook >> confirm)
    assert process.status == "awaiting_callback", process.failed_reason
    return process


@pytest.fixture
def exporter(monkeypatch):
    """Record the spans of this test only: the process's own provider can be set once."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("tests"))
    return exporter


def callback_of(process: Process) -> CallbackToken:
    """Return the newest callback of a process."""
    return CallbackToken.objects.filter(process=process).latest("pk")


GOOD = {"job_id": "1", "output": ["ok"], "return_code": 0, "status": "successful"}
BAD = {"job_id": "1", "output": ["no light"], "return_code": 2, "status": "failed"}

__all__ = ["BAD", "GOOD", "Remote", "ask", "callback_of", "confirm", "tokens", "validate"]
