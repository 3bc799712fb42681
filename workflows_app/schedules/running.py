"""Start what is due: each time of a schedule leads to one process, or to one refusal.

Note [One process for each time]
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
A worker that finds a schedule due holds it for a minute and walks its start form, which is code of
the workflow's author, without a lock. Then one transaction moves ``next_run_at`` on, if it is
still what it was, and saves the process; so whoever comes second moves nothing and starts nothing,
and a crash at any point leaves the schedule due for the next worker. The process's start key says
the same to the database once more.

The next time is the first after now, so the times that were missed while no worker ran or the
engine was paused become one start; the action log says how many there were. A refusal moves the
schedule on as well: it is tried again at its next time, and not before.

Note [No schedule of django-q2]
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
django-q2 has a table of schedules of its own. It looks at it every thirty seconds, takes all that
is due in one transaction, so that one bad row holds up the others, and sends a message that starts
the process later: a process could be started twice or, where the message is lost, never. It knows
no pause, no owner and no reason why nothing was started.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import DataError, IntegrityError, transaction
from django.db.models import Exists, Q, QuerySet

from workflows_app import engine, forms, policy, registry
from workflows_app.authors import authors_code
from workflows_app.cadence import missed
from workflows_app.clock import database_now, read_clock
from workflows_app.definition import WorkflowDefinition
from workflows_app.engine.starting import create, fill_start_form
from workflows_app.errors import FormNotComplete, FormRejected, NotAllowed, WorkflowError
from workflows_app.models import EngineSettings, Process, ProcessEvent, Schedule
from workflows_app.schedules.editing import found
from workflows_app.secret_values import opened, revealed
from workflows_app.timeouts import deadline

HOLD = timedelta(seconds=60)  # How long a worker has a due schedule for itself.
LONGEST_START = 50.0  # Seconds that a form may take; less than the hold.
_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule's time that has come, and when a worker saw it."""

    schedule_id: UUID
    at: datetime
    seen_at: datetime


def claim() -> Due | None:
    """Hold the schedule that has been due for longest; None if there is none.

    While the engine is paused none is due.
    """
    row = _due().order_by("next_run_at", "pk").only("pk", "next_run_at", "held_until").first()
    if row is None or row.next_run_at is None:
        return None
    now = read_clock()
    mine = Schedule.objects.filter(
        pk=row.pk, next_run_at=row.next_run_at, held_until=row.held_until
    )
    if not mine.update(held_until=now + HOLD):
        return None
    return Due(row.pk, row.next_run_at, now)


def run(due: Due) -> Process | None:
    """Start the workflow of a schedule that is held; None if that is refused, or no longer due."""
    schedule = _still(due).select_related("owner").first()
    if schedule is None:
        return None
    try:
        with deadline(LONGEST_START), authors_code(f"the start of {schedule.workflow}"):
            process = _start(schedule, due)
    except (WorkflowError, DataError, IntegrityError, TimeoutError) as error:
        _refuse(schedule, due, _sentence(error))
        return None
    if process is None:
        _still(due).update(held_until=None)
    return process


def start_due() -> int:
    """Start all that is due, in this thread; return how many times had come."""
    count = 0
    while due := claim():
        run(due)
        count += 1
    return count


def run_now(schedule_id: UUID, *, user: Any, key: str | None = None, reason: str = "") -> Process:
    """Start a schedule's workflow with its inputs, beside its times and in the user's own name.

    Raises:
        UnknownSchedule: there is no such schedule.
        NotAllowed: the user may not see schedules, or not start the workflow.
        WorkflowError: what ``engine.start`` raises.
    """
    policy.require_schedules(user, "see")
    schedule = found(schedule_id)
    policy.require_start(user, registry.get(schedule.workflow))
    return engine.start(
        schedule.workflow,
        inputs=revealed(opened(schedule.inputs)),
        by=user.get_username(),
        key=key,
        schedule=schedule,
        reason=reason,
    )


def _due() -> QuerySet[Schedule]:
    free = Q(held_until=None) | Q(held_until__lte=database_now())
    return Schedule.objects.filter(_unpaused(), free, next_run_at__lte=database_now())


def _unpaused() -> Q:
    return Q(~Exists(EngineSettings.objects.filter(global_lock=True)))


def _still(due: Due) -> QuerySet[Schedule]:
    """Return the schedule, unless its time has been dealt with, or moved."""
    return Schedule.objects.filter(pk=due.schedule_id, next_run_at=due.at)


def _start(schedule: Schedule, due: Due) -> Process | None:
    definition = registry.get(schedule.workflow)
    _require_owner(schedule, definition)
    process = Process(
        pk=uuid4(),
        created_by=schedule.actor,
        start_key=f"schedule:{schedule.pk}:{due.at.isoformat()}",
        schedule=schedule,
    )
    patch = fill_start_form(definition, revealed(opened(schedule.inputs)), process=process)
    with transaction.atomic():
        if not _move_on(schedule, due, refusals=0, refused_because=""):
            return None
        return create(process, definition, patch, details=_details(schedule, due))


def _require_owner(schedule: Schedule, definition: WorkflowDefinition) -> None:
    """Refuse what whoever set the schedule up may not do any more."""
    name = schedule.created_by
    if not name:
        return  # A migration set it up, and whoever deploys the site may do everything.
    if schedule.owner is None:
        raise NotAllowed(f"{name} set it up and has no account any more")
    if not schedule.owner.is_active:
        raise NotAllowed(f"{name} set it up and is no longer active")
    if not policy.may_start(schedule.owner, definition):
        raise NotAllowed(f"{name} set it up and may not start {definition.name} any more")


def _move_on(schedule: Schedule, due: Due, **columns: Any) -> bool:
    """Let the schedule be due at its next time; False if somebody was faster, or paused it."""
    mine = _still(due).filter(_unpaused(), changed_at=schedule.changed_at)
    following = schedule.cadence.after(max(due.at, due.seen_at))
    moved = mine.update(next_run_at=following, held_until=None, last_due_at=due.at, **columns)
    return bool(moved)


@transaction.atomic
def _refuse(schedule: Schedule, due: Due, why: str) -> None:
    """Move on and keep the reason. The action log tells of a reason once, not every minute."""
    moved = _move_on(schedule, due, refusals=schedule.refusals + 1, refused_because=why)
    if moved and why != schedule.refused_because:
        ProcessEvent.objects.create(
            schedule=schedule,
            actor=schedule.actor,
            action="schedule refused",
            reason=why,
            details=_details(schedule, due),
        )


def _details(schedule: Schedule, due: Due) -> dict[str, Any]:
    lost = missed(schedule.cadence, due.at, due.seen_at)
    return {
        "schedule": schedule.name,
        "set up by": schedule.created_by or "a migration",
        "due": due.at.isoformat(),
        **({"missed": lost} if lost else {}),
    }


def _sentence(error: Exception) -> str:
    """Return why nothing was started, as it can be stored."""
    text = str(error)
    match error:
        case FormNotComplete():
            text = "the start form asks for another page, which the inputs do not have"
        case FormRejected(page=page):
            faults = forms.form_errors(page.error)
            named = "; ".join(f"{'.'.join(map(str, fault.loc))}: {fault.msg}" for fault in faults)
            text = f"the inputs do not fit page {page.index + 1} of the start form: {named}"
        case TimeoutError():
            text = f"its start form took longer than {LONGEST_START:g} s"
    return forms.UNSTORABLE.sub("�", text)[:_LONGEST_REASON]
