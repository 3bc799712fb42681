"""Workflows that do nothing, and note when they did it."""

import secrets
import time

from callbacks_app.steps import callback_step
from workflows_app import State, StepList, begin, step, workflow
from workflows_app.dsl import Step
from workflows_app.forms import FormPage

STEPS = 10


def no_op(number: int) -> Step:
    @step(f"Step {number}")
    def nothing() -> State:
        return {"i": number}

    return nothing


@step("Mark")
def mark() -> State:
    return {"at": time.monotonic()}  # Of the machine, so that programs can be compared.


@step("Ask nobody")
def ask_nobody() -> None:
    """Stand for the request to a remote system."""


class SizePage(FormPage):
    size: int  # Bytes.


@step("Fill")
def fill(size: int) -> State:
    return {"blob": secrets.token_hex(size // 2)}


def ten_steps() -> StepList:
    chain: StepList = begin
    for number in range(STEPS):
        chain = chain >> no_op(number)
    return chain


@workflow("Ten steps")
def bench_steps() -> StepList:
    return ten_steps()


@workflow("One step")
def bench_start() -> StepList:
    return begin >> mark


@workflow("Wait for an answer")
def bench_callback() -> StepList:
    return begin >> callback_step("Remote", ask_nobody, mark)


@workflow("Carry a value", initial_input_form=SizePage)
def bench_state() -> StepList:
    return begin >> fill >> ten_steps()
