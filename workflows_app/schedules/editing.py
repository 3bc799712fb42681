"""Set up a schedule, change it, pause it, delete it. Every act is in the action log.

A schedule runs in the name of its owner: whoever set it up, or changed it last. What a migration
set up has no owner and needs none, until somebody changes its inputs.
"""

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from pydantic import SecretStr

from workflows_app import policy, registry
from workflows_app.cadence import Cadence
from workflows_app.clock import read_clock
from workflows_app.engine.starting import fill_start_form
from workflows_app.errors import ImpossibleCadence, NameTaken, ScheduleError, UnknownSchedule
from workflows_app.forms import UNSTORABLE
from workflows_app.json_values import JSON, JSONObject
from workflows_app.models import Process, ProcessEvent, Schedule
from workflows_app.models.schedule import columns
from workflows_app.secret_values import opened, revealed, sealed, secrets_in

LONGEST_NAME = 100  # As the column is.


def found(schedule_id: UUID) -> Schedule:
    """Return the schedule.

    Raises:
        UnknownSchedule: there is none.
    """
    schedule = Schedule.objects.filter(pk=schedule_id).first()
    if schedule is None:
        raise UnknownSchedule(schedule_id)
    return schedule


def create(
    *,
    name: str,
    workflow: str,
    inputs: Sequence[JSONObject],
    cadence: Cadence,
    user: Any,
    reason: str = "",
) -> Schedule:
    """Set up a schedule.

    Args:
        inputs: one mapping for each page of the workflow's start form.
    Raises:
        NotAllowed: the user may not add schedules, or not start the workflow.
        ImpossibleCadence: it would never be due.
        NameTaken, ScheduleError: it cannot have that name.
        UnknownWorkflow, FormNotComplete, FormRejected: it could not be started like this.
    """
    policy.require_schedules(user, "add")
    _check(name, cadence)
    kept = _checked_inputs(workflow, inputs, user)
    now = read_clock()
    schedule = Schedule(
        name=name,
        workflow=workflow,
        inputs=kept,
        owner=user,
        created_by=user.get_username(),
        created_at=now,
        changed_at=now,
        next_run_at=_first(cadence, now),
        **columns(cadence),
    )
    with _named(name):
        schedule.save(force_insert=True)
        _log(schedule, user.get_username(), "schedule set up", reason, described(schedule))
    return schedule


def change(
    schedule_id: UUID,
    *,
    name: str,
    cadence: Cadence,
    inputs: Sequence[JSONObject] | None = None,
    user: Any,
    reason: str = "",
) -> Schedule:
    """Change a schedule; from now on it runs in the user's name. What fails begins anew.

    Args:
        inputs: None to keep those that it has.
    Raises:
        UnknownSchedule: it is gone.
        NotAllowed, ImpossibleCadence, NameTaken, WorkflowError: as for ``create``.
    """
    policy.require_schedules(user, "change")
    _check(name, cadence)
    known = found(schedule_id)
    given = revealed(opened(known.inputs)) if inputs is None else inputs
    kept = _checked_inputs(known.workflow, given, user)
    with _named(name):
        schedule = _locked(schedule_id)
        before, now = described(schedule), read_clock()
        if cadence != schedule.cadence:
            schedule.next_run_at = _first(cadence, max(now, schedule.last_due_at or now))
        if schedule.created_by or kept != schedule.inputs:
            schedule.owner, schedule.created_by = user, user.get_username()
        for column, value in columns(cadence).items():
            setattr(schedule, column, value)
        schedule.name, schedule.inputs, schedule.changed_at = name, kept, now
        schedule.held_until, schedule.refusals, schedule.refused_because = None, 0, ""
        if schedule.paused_at:
            schedule.next_run_at = None
        schedule.save()
        _log_change(schedule, user.get_username(), reason, before)
    return schedule


@transaction.atomic
def pause(schedule_id: UUID, *, user: Any, reason: str = "") -> Schedule:
    """Let the schedule start nothing. Pausing again what is paused changes nothing."""
    policy.require_schedules(user, "change")
    schedule = _locked(schedule_id)
    if schedule.paused_at is None:
        schedule.next_run_at, schedule.held_until = None, None
        schedule.paused_at, schedule.paused_by = read_clock(), user.get_username()
        schedule.save()
        _log(schedule, user.get_username(), "schedule paused", reason)
    return schedule


@transaction.atomic
def unpause(schedule_id: UUID, *, user: Any, reason: str = "") -> Schedule:
    """Let the schedule go on at its next time; nothing is made up for."""
    policy.require_schedules(user, "change")
    schedule = _locked(schedule_id)
    policy.require_start(user, registry.get(schedule.workflow))
    if schedule.paused_at is not None:
        now = read_clock()
        schedule.next_run_at = schedule.cadence.after(max(now, schedule.last_due_at or now))
        schedule.paused_at, schedule.paused_by = None, ""
        schedule.save()
        _log(schedule, user.get_username(), "schedule unpaused", reason)
    return schedule


@transaction.atomic
def delete(schedule_id: UUID, *, user: Any, reason: str = "") -> None:
    """Delete the schedule. The processes that it started stay."""
    policy.require_schedules(user, "delete")
    schedule = _locked(schedule_id)
    details = described(schedule)
    schedule.delete()
    ProcessEvent.objects.create(
        actor=user.get_username(), action="schedule deleted", reason=reason, details=details
    )


def described(schedule: Schedule) -> dict[str, Any]:
    """Return what the action log says of a schedule."""
    said = {
        "schedule": schedule.name,
        "workflow": schedule.workflow,
        "inputs": schedule.inputs,
        "first": schedule.first_at.isoformat() if schedule.first_at else "",
        "interval": str(schedule.interval or ""),
        "cron": schedule.cron,
        "time zone": schedule.time_zone,
    }
    return {key: value for key, value in said.items() if value}


def _check(name: str, cadence: Cadence) -> None:
    """Raise what ``create`` does for a name or a cadence that cannot be."""
    if not 0 < len(name) <= LONGEST_NAME or UNSTORABLE.search(name) or name != name.strip():
        text = _("a schedule's name has 1 to %(longest)s characters")
        raise ScheduleError(text % {"longest": LONGEST_NAME})
    cadence.check()


def _checked_inputs(workflow: str, inputs: Sequence[JSONObject], user: Any) -> list[JSON]:
    """Return the inputs as they are kept: what the form takes for a secret is sealed.

    The form is code of the workflow's author, so no lock may be held.
    """
    definition = registry.get(workflow)
    policy.require_start(user, definition)
    secrets: set[str] = set()

    def see(filled: Any) -> None:
        secrets.update(secrets_in(filled))

    process = Process(created_by=user.get_username())
    fill_start_form(definition, inputs, process=process, see=see)
    return [_without(secrets, page) for page in inputs]


def _without(secrets: Set[str], value: JSON) -> JSON:
    """Return an independent copy of ``value`` in which secrets are sealed."""
    match value:
        case str() if value in secrets:
            return sealed(SecretStr(value))
        case dict():
            return {key: _without(secrets, item) for key, item in value.items()}
        case list():
            return [_without(secrets, item) for item in value]
    return value


def _first(cadence: Cadence, moment: datetime) -> datetime:
    first = cadence.after(moment)
    if first is None:
        raise ImpossibleCadence(_("that time has passed"))
    return first


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Open a transaction in which a name that is taken becomes an error with a sentence."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise NameTaken(name) from error


def _locked(schedule_id: UUID) -> Schedule:
    schedule = Schedule.objects.select_for_update().filter(pk=schedule_id).first()
    if schedule is None:
        raise UnknownSchedule(schedule_id)
    return schedule


def _log_change(schedule: Schedule, by: str, reason: str, before: dict[str, Any]) -> None:
    after = described(schedule)
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    details = {
        "schedule": schedule.name,
        "from": {key: before.get(key) for key in changed},
        "to": {key: after.get(key) for key in changed},
    }
    _log(schedule, by, "schedule changed", reason, details)


def _log(
    schedule: Schedule, by: str, action: str, reason: str, details: dict[str, Any] | None = None
) -> None:
    ProcessEvent.objects.create(
        schedule=schedule,
        actor=by,
        action=action,
        reason=reason,
        details=details or {"schedule": schedule.name},
    )
