"""The interaction that all orders at the playbook runner share: order, wait, validate, confirm."""

import json
import uuid
from datetime import timedelta

from pydantic import BaseModel

from callbacks_app.steps import callback_step
from workflows_app import Assignee, State, Step, StepList, inputstep, step
from workflows_app.errors import ProcessFailureError
from workflows_app.forms import FormGenerator, LongText, SubmitFormPage


class PlaybookResult(BaseModel):
    """What the runner answers: Ansible's output and return code."""

    job_id: uuid.UUID
    output: list[str] | str
    return_code: int
    status: str


@step("Validate result")
def validate_result(callback_result: PlaybookResult) -> State:
    if callback_result.return_code != 0:
        raise ProcessFailureError(
            f"Playbook ended with return code {callback_result.return_code}",
            details=callback_result.model_dump(mode="json"),
        )
    return {"playbook_status": callback_result.status}


@inputstep("Confirm results", assignee=Assignee.SYSTEM)
def confirm_results(state: State) -> FormGenerator:
    class ConfirmPage(SubmitFormPage):
        model_config = {"title": f"Playbook for {state['circuit']} completed"}

        run_status: str = state["callback_result"]["status"]
        run_results: LongText = LongText(json.dumps(state["callback_result"], indent=4))

    yield ConfirmPage
    return {"confirmed": True}


def run_playbook(action: Step) -> StepList:
    """Run ``action`` at the playbook runner, and validate what came back."""
    return callback_step(
        name="Playbook",
        action_step=action,
        validate_step=validate_result,
        timeout=timedelta(hours=2),
        payload_model=PlaybookResult,
    )


def callback_interaction(action: Step) -> StepList:
    """Run ``action`` at the playbook runner, and let an operator confirm what came back."""
    return run_playbook(action) >> confirm_results
