"""A task for trying things out: make a device vanish from the simulated NSO, or come back."""

from typing import Any

from pydantic import ConfigDict

from examples.nodes.network import add_device, nodes, remove_device
from workflows_app import State, StepList, begin, step, task
from workflows_app.forms import Choice, FormGenerator, SubmitFormPage

_CHOICE: Any = Choice  # Typed as if it took no members: Enum's functional API.


def device_form() -> FormGenerator:
    names = [node["name"] for node in nodes()]
    choices: Any = _CHOICE("Devices", [(name, name) for name in names])

    class DevicePage(SubmitFormPage):
        model_config = ConfigDict(title="What NSO knows")

        device_name: choices
        known: bool = False

    page = yield DevicePage
    return {**page.model_dump()}


@step("Change what NSO knows")
def change_device(device_name: str, *, known: bool) -> State:
    change = add_device if known else remove_device
    change(device_name=device_name)
    return {"device_name": device_name, "known": known}


@task("Make a device vanish from the simulated NSO", initial_input_form=device_form)
def task_set_device() -> StepList:
    return begin >> change_device
