"""A playbook at a runner that is told two addresses: where its lines go, and where its result."""

from typing import Any

import requests

from callbacks_app.steps import callback_step
from workflows_app import Assignee, State, StepList, begin, inputstep, step, workflow
from workflows_app.errors import ProcessFailureError
from workflows_app.forms import FormGenerator, FormPage, SubmitFormPage


class PlaybookPage(FormPage):
    runner: str  # Its address.


@step("Run playbook")
def run_playbook(runner: str, callback_url: str, progress_url: str, idempotency_key: str) -> State:
    answer = requests.post(
        f"{runner}/api/playbook",
        json={
            "playbook_name": "provision.yml",
            "inventory": {"all": {"hosts": {"node-a": {}}}},
            "extra_vars": {"vlan": 100},
            "callback": callback_url,
            "progress": progress_url,
            "progress_is_incremental": False,
        },
        headers={"Idempotency-Key": idempotency_key},
        timeout=60,
    )
    answer.raise_for_status()
    return {"job_id": answer.json()["job_id"]}


@step("Evaluate playbook")
def evaluate_playbook(callback_result: dict[str, Any]) -> None:
    if callback_result["return_code"] != 0:
        raise ProcessFailureError("Playbook failed", details=callback_result)


@inputstep("Confirm playbook", assignee=Assignee.SYSTEM)
def confirm_playbook(state: State) -> FormGenerator:
    class ConfirmPage(SubmitFormPage):
        run_status: str = state["callback_result"]["status"]

    yield ConfirmPage
    return {}


@workflow("Run a playbook at a peer", initial_input_form=PlaybookPage)
def playbook_at_peer() -> StepList:
    return begin >> callback_step("Playbook", run_playbook, evaluate_playbook) >> confirm_playbook
