"""The example of the callback documents, word for word but for the imports and the models."""

import json
import warnings
from typing import Any

import pytest
import requests
from pydantic import PydanticDeprecatedSince20

from callbacks_app.steps import callback_step
from tests.engine import drain, run, state
from workflows_app import Assignee, State, Step, StepList, begin, engine, inputstep, step
from workflows_app.errors import ProcessFailureError
from workflows_app.forms import FormGenerator, FormPage, LongText

pytestmark = pytest.mark.django_db(transaction=True)


@step("Execute an ansible playbook")
def call_ansible_playbook(
    subscription: dict[str, Any],
    callback_route: str,
    *,
    dry_run: bool,
) -> None:
    port_a = subscription["saps"][0]["port"]
    port_b = subscription["saps"][1]["port"]
    inventory = f"{port_a}\n{port_b}"
    callback_url = f"http://orchestrator{callback_route}"
    parameters = {
        "playbook_name": "playbook.yml",
        "inventory": inventory,
        "extra_vars": {"vlan": subscription["vlan"], "dry_run": dry_run},
        "callback": callback_url,
    }
    request = requests.post("http://ansible-proxy/api/playbook/", json=parameters, timeout=10)
    request.raise_for_status()


@step("Evaluate callback result")
def _evaluate_callback_results(callback_result: dict[str, Any]) -> State:
    if callback_result["return_code"] != 0:
        raise ProcessFailureError(message="Callback failure", details=callback_result)

    return {"callback_result": callback_result}


@inputstep("Confirm provisioning proxy results", assignee=Assignee("SYSTEM"))
def _show_callback_results(state: State) -> FormGenerator:
    if "callback_result" not in state:
        return state

    class ConfirmRunPage(FormPage):
        class Config:
            title: str = f"Execution for {state['subscription']['product']['name']} completed."

        run_status: str = state["callback_result"]["status"]
        run_results: LongText = json.dumps(state["callback_result"], indent=4)

    yield ConfirmRunPage
    state.pop("run_results")
    return state


def callback_interaction(provisioning_step: Step) -> StepList:
    return (
        begin
        >> callback_step(
            name=provisioning_step.name,
            action_step=provisioning_step,
            validate_step=_evaluate_callback_results,
        )
        >> _show_callback_results
    )


@step("Construct model")
def construct_model() -> State:
    return {
        "dry_run": True,
        "subscription": {
            "product": {"name": "L2VPN"},
            "vlan": 7,
            "saps": [{"port": "a"}, {"port": "b"}],
        },
    }


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the step sent to the proxy, which does not exist here."""
    orders: list[dict[str, Any]] = []

    def post(url: str, json: dict[str, Any], timeout: int) -> requests.Response:
        orders.append(json)
        answer = requests.Response()
        answer.status_code = 200
        return answer

    monkeypatch.setattr(requests, "post", post)
    return orders


@pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince20")
def test_the_example_of_the_documents_runs(sent, client):
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    process = run(begin >> construct_model >> callback_interaction(call_ansible_playbook))
    assert process.status == "awaiting_callback", process.failed_reason

    route = sent[0]["callback"].removeprefix("http://orchestrator")
    result = {"job_id": "example", "output": "example", "return_code": 0, "status": "example"}
    assert client.post(route, result, content_type="application/json").status_code == 200
    drain()
    process.refresh_from_db()
    assert process.status == "suspended"
    engine.submit(process.pk, inputs=[{}], by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process)["callback_result"] == result
    assert state(process)["run_status"] == "example"
    assert "run_results" not in state(process)
