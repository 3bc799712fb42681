"""The language in which workflows are written; it needs no database."""

from workflows_app.dsl.combinators import conditional, focussteps, step_group, steplens
from workflows_app.dsl.decorators import (
    abort,
    begin,
    done,
    init,
    inputstep,
    primitive,
    retrystep,
    sleep_step,
    step,
)
from workflows_app.dsl.steps import Call, Context, State, Step, StepList, steps_of

__all__ = [
    "Call",
    "Context",
    "State",
    "Step",
    "StepList",
    "abort",
    "begin",
    "conditional",
    "done",
    "focussteps",
    "init",
    "inputstep",
    "primitive",
    "retrystep",
    "sleep_step",
    "step",
    "step_group",
    "steplens",
    "steps_of",
]
