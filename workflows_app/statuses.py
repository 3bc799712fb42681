"""The states of a process and of a step, as data.

``MOVES`` is the whole status machine: the engine refuses what it does not list, the database
repeats the names in ``CHECK`` constraints, and the README draws it.
"""

from collections.abc import Mapping

from django.db.models import TextChoices


class ProcessStatus(TextChoices):
    """Where a process stands."""

    CREATED = "created"  # Saved and runnable; no worker has claimed it yet.
    RUNNING = "running"  # One worker is executing its steps.
    SUSPENDED = "suspended"  # Parked until an operator submits the step's form.
    AWAITING_CALLBACK = "awaiting_callback"  # Parked until a remote system answers.
    WAITING = "waiting"  # Parked until a time: a retry or a timer.
    RESUMED = "resumed"  # Runnable again: answered, retried, or let go by a worker.
    FAILED = "failed"  # A step failed; an operator decides.
    API_UNAVAILABLE = "api_unavailable"  # A task failed because a remote system was away.
    INCONSISTENT_DATA = "inconsistent_data"  # A task found something that should not be.
    COMPLETED = "completed"  # Final: every step ended.
    ABORTED = "aborted"  # Final: an operator or a step gave up.


class StepStatus(TextChoices):
    """How one execution of a step stands."""

    RUNNING = "running"  # Begun; recorded beforehand only if an interruption must be noticed.
    SUCCESS = "success"
    SKIPPED = "skipped"  # Not run: its condition was false, or an operator skipped it.
    SUSPENDED = "suspended"
    AWAITING_CALLBACK = "awaiting_callback"
    WAITING = "waiting"
    FAILED = "failed"
    ABORTED = "aborted"  # Open when the process was aborted, or the step that aborted it.


class Target(TextChoices):
    """What a workflow does to a subscription."""

    CREATE = "CREATE"
    MODIFY = "MODIFY"
    TERMINATE = "TERMINATE"
    VALIDATE = "VALIDATE"
    RECONCILE = "RECONCILE"
    SYSTEM = "SYSTEM"


class Assignee(str):
    """Who has to answer a form: the name of a group, or ``SYSTEM`` for whoever may resume.

    >>> Assignee("NOC") == Assignee.NOC == "NOC"
    True
    """

    __slots__ = ()
    SYSTEM: "Assignee"
    NOC: "Assignee"
    CHANGES: "Assignee"
    KLANTSUPPORT: "Assignee"


for _name in ("SYSTEM", "NOC", "CHANGES", "KLANTSUPPORT"):
    setattr(Assignee, _name, Assignee(_name))


_P = ProcessStatus
FINAL = frozenset({_P.COMPLETED, _P.ABORTED})
FAILURES = frozenset({_P.FAILED, _P.API_UNAVAILABLE, _P.INCONSISTENT_DATA})
PARKED = frozenset({_P.SUSPENDED, _P.AWAITING_CALLBACK, _P.WAITING})

MOVES: Mapping[ProcessStatus, frozenset[ProcessStatus]] = {
    _P.CREATED: frozenset({_P.RUNNING, _P.ABORTED}),
    # A running process is claimed again when its worker's lease ran out, and let go on a pause.
    _P.RUNNING: frozenset(
        {_P.RUNNING, _P.RESUMED, _P.COMPLETED, _P.ABORTED, *PARKED, *FAILURES},
    ),
    _P.SUSPENDED: frozenset({_P.RESUMED, _P.ABORTED}),
    # What is due is claimed as it is: the waiting step runs again and decides.
    _P.AWAITING_CALLBACK: frozenset({_P.RESUMED, _P.RUNNING, _P.ABORTED}),
    _P.WAITING: frozenset({_P.RESUMED, _P.RUNNING, _P.ABORTED}),
    _P.RESUMED: frozenset({_P.RUNNING, _P.ABORTED}),
    _P.FAILED: frozenset({_P.RESUMED, _P.ABORTED}),
    _P.API_UNAVAILABLE: frozenset({_P.RESUMED, _P.ABORTED}),
    _P.INCONSISTENT_DATA: frozenset({_P.RESUMED, _P.ABORTED}),
    _P.COMPLETED: frozenset(),
    _P.ABORTED: frozenset(),
}
