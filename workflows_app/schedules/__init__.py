"""Workflows that are started at a time, or again and again."""

from workflows_app.schedules.editing import change, create, delete, found, pause, unpause
from workflows_app.schedules.running import Due, claim, run, run_now, start_due

__all__ = [
    "Due",
    "change",
    "claim",
    "create",
    "delete",
    "found",
    "pause",
    "run",
    "run_now",
    "start_due",
    "unpause",
]
