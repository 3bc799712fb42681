"""The manual of Mistral's way: its code runs, and its table of headers is complete."""

import pytest
import requests

from tests.callbacks_app.conftest import callback_of
from tests.docs.test_docs import ROOT, blocks, module
from tests.engine import drain, state
from workflows_app import engine, outgoing, registration

__all__ = ["module"]  # A fixture.

TEXT = (ROOT / "docs/mistral.md").read_text()
DOCUMENTED, OTHERS = blocks(TEXT)[0], blocks(TEXT)[1:]


@pytest.fixture
def sent(monkeypatch):
    """What is sent to the service of the document, which does not exist."""
    requests_sent = []

    def send(method, url, **options):
        requests_sent.append((method, url, options))
        answer = requests.Response()
        answer.status_code = 202
        return answer

    monkeypatch.setattr(outgoing, "send", send)
    return requests_sent


@pytest.mark.django_db(transaction=True)
def test_the_workflow_of_the_manual_runs_as_the_manual_says(module, sent, client):
    exec(compile(DOCUMENTED, "docs/mistral.md", "exec"), module.__dict__)
    registration.sync()
    process = engine.start("my_workflow", by="maria")
    drain()
    ((method, url, options),) = sent
    headers = options["headers"]
    assert (method, url, options["params"]) == ("GET", "http://my.webservice.com", {"a": 1, "b": 2})

    base = headers["Mistral-Callback-URL"].removeprefix("http://127.0.0.1:8000")
    answer = client.post(
        f"{base}/v2/action-executions/{headers['Mistral-Action-Execution-Id']}",
        {"state": "SUCCESS", "output": 3},
        content_type="application/json",
    )
    drain()

    assert answer.status_code == 200
    process.refresh_from_db()
    assert (process.status, state(process)["total"]) == ("completed", 3)
    assert {f"`{name}`" for name in headers} <= {f"`{part}`" for part in TEXT.split("`")}
    assert callback_of(process).answered_via == "mistral"


@pytest.mark.parametrize("number", range(len(OTHERS)))
def test_the_code_of_the_manual_can_be_imported(module, number):
    exec(compile(OTHERS[number], f"docs/mistral.md {number}", "exec"), module.__dict__)
