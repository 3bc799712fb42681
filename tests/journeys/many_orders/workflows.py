"""Orders by the thousand: an address goes into a file, and whoever reads it may answer."""

import os
from typing import Any

from callbacks_app.steps import callback_step
from tests.journeys.many_orders.files import CHECKS, ORDERS, note
from workflows_app import State, StepList, begin, step, workflow
from workflows_app.forms import FormPage


class ManyPage(FormPage):
    directory: str


@step("Ask")
def ask(directory: str, process_id: str, callback_route: str) -> None:
    note(directory, ORDERS, process_id, callback_route)


@step("Check")
def check(directory: str, process_id: str, callback_result: dict[str, Any]) -> State:
    note(directory, CHECKS, process_id, os.getpid())
    return {"checked": callback_result["number"]}


@step("Use")
def use(checked: int) -> State:
    return {"used": checked}


@workflow("One of many orders", initial_input_form=ManyPage)
def one_of_many() -> StepList:
    return begin >> callback_step("Remote", ask, check) >> use
