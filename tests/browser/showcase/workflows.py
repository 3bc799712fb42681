"""Workflows that stand still where a page has something to show."""

from datetime import timedelta

from callbacks_app.steps import async_noop
from workflows_app import (
    State,
    StepList,
    begin,
    conditional,
    sleep_step,
    step,
    step_group,
    workflow,
)
from workflows_app.errors import ProcessFailureError


@step("Choose a path")
def choose() -> State:
    return {"spare": False, "ends": [{"port": "ge-0/0/1", "vlan": 101}], "motd": "line\n" * 20}


@step("Change an end")
def change_an_end() -> State:
    return {"ends": [{"port": "ge-0/0/1", "vlan": 102}], "motd": "line\n" * 19 + "last\n"}


@step("Order a spare part")
def order_a_spare() -> State:
    return {"ordered": True}


@step("Light the fibre")
def light() -> State:
    raise ProcessFailureError("No light at the far end", details={"dbm": -40})


@step("Note the colour")
def note_the_colour() -> State:
    return {"colour": "blue"}


PREPARED = (
    begin
    >> choose
    >> conditional(lambda state: state["spare"])(order_a_spare)
    >> step_group("Wire", begin >> change_an_end >> note_the_colour)
)


@workflow("Prepare and sleep")
def show_sleep() -> StepList:
    return PREPARED >> sleep_step("Cool down", timedelta(days=1))


@workflow("Prepare and fail")
def show_fail() -> StepList:
    return PREPARED >> light


@workflow("Prepare and wait for somebody")
def show_by_hand() -> StepList:
    return PREPARED >> async_noop("Patch by hand", timeout=3600)
