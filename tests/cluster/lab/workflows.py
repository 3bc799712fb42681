"""Workflows whose steps leave marks in a file: a test sees what ran, where and how often."""

import os
import time
from pathlib import Path

from django.dispatch import receiver
from django_q.signals import post_execute_in_worker

from workflows_app import State, begin, step, workflow
from workflows_app.dsl import Step, StepList
from workflows_app.forms import FormGenerator, FormPage

PATIENCE_SECONDS = 60


class MarksPage(FormPage):
    marks: str  # A directory.
    pause: float = 0.0


def mark(directory: str, text: str) -> None:
    """Append a line; one write, so that lines of several processes do not mix."""
    with Path(directory, "marks").open("a") as marks:
        marks.write(f"{text}\n")


def hold(directory: str) -> None:
    """Wait until the test makes the file ``release``."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not Path(directory, "release").exists():
        assert time.monotonic() < ends_at, "nobody released the step"
        time.sleep(0.01)


@receiver(post_execute_in_worker)
def hold_the_result(**_signal: object) -> None:
    """Stay where django-q2's worker holds its timer's lock, if a test asks for it; once."""
    directory = os.environ.get("LAB_HOLD_RESULT")
    if directory and not Path(directory, "marks").exists():
        mark(directory, f"result {os.getpid()}")
        hold(directory)


def counting(number: int) -> Step:
    @step(f"Count {number}")
    def count(marks: str, pause: float, process_id: str) -> State:
        time.sleep(pause)
        mark(marks, f"{process_id} {number}")
        return {f"count_{number}": number}

    return count


@step("Hold")
def holding(marks: str, idempotency_key: str) -> State:
    mark(marks, f"begin {os.getpid()} {idempotency_key}")
    hold(marks)
    mark(marks, f"end {os.getpid()}")
    return {"held": True}


@step("Hold once", on_interrupt="fail")
def holding_once(marks: str) -> State:
    mark(marks, f"begin {os.getpid()}")
    hold(marks)
    return {"held": True}


@workflow("Count to five", initial_input_form=MarksPage)
def lab_count() -> StepList:
    chain: StepList = begin
    for number in range(5):
        chain = chain >> counting(number)
    return chain


@workflow("Hold until released", initial_input_form=MarksPage)
def lab_hold() -> StepList:
    return begin >> holding >> counting(1)


def slow_form() -> FormGenerator:
    page = yield MarksPage
    mark(page.marks, "form")
    hold(page.marks)
    return dict(page.model_dump())


@workflow("Hold in the start form", initial_input_form=slow_form)
def lab_slow_form() -> StepList:
    return begin >> counting(1)


@workflow("Hold, but never twice", initial_input_form=MarksPage)
def lab_hold_once() -> StepList:
    return begin >> holding_once
