"""The states of a process and of a step, as data.

``MOVES`` is the whole status machine: the engine refuses what it does not list, the database
repeats the names in ``CHECK`` constraints, and the README draws it.
"""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ProcessStatus(TextChoices):
    """Where a process stands."""

    CREATED = "created", _("Created")  # Saved and runnable; no worker has claimed it yet.
    RUNNING = "running", _("Running")  # One worker is executing its steps.
    SUSPENDED = "suspended", _("Suspended")  # Parked until an operator submits the step's form.
    # Parked until a remote system answers.
    AWAITING_CALLBACK = "awaiting_callback", _("Awaiting Callback")
    WAITING = "waiting", _("Waiting")  # Parked until a time: a retry or a timer.
    RESUMED = "resumed", _("Resumed")  # Runnable again: answered, retried, or let go by a worker.
    FAILED = "failed", _("Failed")  # A step failed; an operator decides.
    # A task failed because a remote system was away.
    API_UNAVAILABLE = "api_unavailable", _("Api Unavailable")
    # A task found something that should not be.
    INCONSISTENT_DATA = "inconsistent_data", _("Inconsistent Data")
    COMPLETED = "completed", _("Completed")  # Final: every step ended.
    ABORTED = "aborted", _("Aborted")  # Final: an operator or a step gave up.


def in_words(status: str) -> str:
    """Return a process's status as it reads within a sentence.

    >>> in_words("awaiting_callback")
    'awaiting callback'
    """
    return str(ProcessStatus(status).label).lower()


class StepStatus(TextChoices):
    """How one execution of a step stands."""

    # Begun; recorded beforehand only if an interruption must be noticed.
    RUNNING = "running", _("Running")
    SUCCESS = "success", _("Success")
    # Not run: its condition was false, or an operator skipped it.
    SKIPPED = "skipped", _("Skipped")
    SUSPENDED = "suspended", _("Suspended")
    AWAITING_CALLBACK = "awaiting_callback", _("Awaiting Callback")
    WAITING = "waiting", _("Waiting")
    FAILED = "failed", _("Failed")
    # Open when the process was aborted, or the step that aborted it.
    ABORTED = "aborted", _("Aborted")


class Target(TextChoices):
    """What a workflow does to a subscription."""

    CREATE = "CREATE", _("Create")
    MODIFY = "MODIFY", _("Modify")
    TERMINATE = "TERMINATE", _("Terminate")
    VALIDATE = "VALIDATE", _("Validate")
    RECONCILE = "RECONCILE", _("Reconcile")
    SYSTEM = "SYSTEM", _("System")


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
    _P.SUSPENDED: frozenset({_P.RESUMED, _P.FAILED, _P.ABORTED}),  # Failed: the form was rejected.
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
