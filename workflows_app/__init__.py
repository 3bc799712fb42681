"""Durable workflows: the language they are written in, and the engine that runs them.

This package exports the words that need no database.
"""

from workflows_app.dsl import (
    State,
    Step,
    StepList,
    abort,
    begin,
    conditional,
    done,
    focussteps,
    init,
    inputstep,
    retrystep,
    sleep_step,
    step,
    step_group,
    steplens,
)
from workflows_app.registry import LazyWorkflowInstance, task, workflow
from workflows_app.retry import Retry, RetryAfter
from workflows_app.statuses import Assignee, Target

__all__ = [
    "Assignee",
    "LazyWorkflowInstance",
    "Retry",
    "RetryAfter",
    "State",
    "Step",
    "StepList",
    "Target",
    "abort",
    "begin",
    "conditional",
    "done",
    "focussteps",
    "init",
    "inputstep",
    "retrystep",
    "sleep_step",
    "step",
    "step_group",
    "steplens",
    "task",
    "workflow",
]
