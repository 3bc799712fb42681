"""An order at a remote system whose address is typed, written as the documents write it."""

from typing import Any

import requests
from django.conf import settings

from callbacks_app.steps import callback_step
from workflows_app import Assignee, State, StepList, begin, inputstep, step, workflow
from workflows_app.errors import ProcessFailureError
from workflows_app.forms import FormGenerator, FormPage, SubmitFormPage


class OrderPage(FormPage):
    system: str  # Its address.
    vlan: int = 100


@step("Execute playbook")
def execute_playbook(system: str, vlan: int, callback_route: str, idempotency_key: str) -> State:
    answer = requests.post(
        f"{system}/api/playbook/",
        json={
            "playbook_name": "provision.yml",
            "inventory": "node-a",
            "extra_vars": {"vlan": vlan},
            "callback": f"{settings.BASE_URL}{callback_route}",
        },
        headers={"Idempotency-Key": idempotency_key},
        timeout=60,
    )
    answer.raise_for_status()
    return {"job_id": answer.json()["job_id"]}


@step("Evaluate result")
def evaluate_result(callback_result: dict[str, Any]) -> State:
    if callback_result["return_code"] != 0:
        raise ProcessFailureError("Playbook failed", details=callback_result)
    return {"evaluated": True}


@inputstep("Confirm results", assignee=Assignee.SYSTEM)
def confirm_results(state: State) -> FormGenerator:
    class ConfirmPage(SubmitFormPage):
        run_status: str = state["callback_result"]["status"]

    yield ConfirmPage
    return {}


@workflow("Order at a remote system", initial_input_form=OrderPage)
def remote_order() -> StepList:
    return begin >> callback_step("Playbook", execute_playbook, evaluate_result) >> confirm_results
