"""The verbs that move a process. Nothing else changes one.

Lock the process first, then what belongs to it; after waiting for a lock, look again. Author's
code and HTTP never run while a row is locked here.
"""

from workflows_app.engine.answers import deliver, open_page, reject, report_progress, submit
from workflows_app.engine.execution import advance
from workflows_app.engine.operator import (
    abort,
    delete,
    edit_state,
    resume,
    retry,
    set_note,
    skip,
)
from workflows_app.engine.pausing import pause, unpause
from workflows_app.engine.starting import start

__all__ = [
    "abort",
    "advance",
    "delete",
    "deliver",
    "edit_state",
    "open_page",
    "pause",
    "reject",
    "report_progress",
    "resume",
    "retry",
    "set_note",
    "skip",
    "start",
    "submit",
    "unpause",
]
