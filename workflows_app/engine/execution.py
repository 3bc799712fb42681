"""Run a claimed process until it waits, fails or ends."""

import asyncio
import logging
from contextlib import AbstractContextManager, nullcontext

import requests
from django.db import Error as DatabaseError, connection, transaction
from django.utils import timezone

from workflows_app import app_settings, lease
from workflows_app.dsl.steps import BoundStep, Context, Step
from workflows_app.engine import checkpoint
from workflows_app.engine.checkpoint import Checkpoint
from workflows_app.engine.loading import Loaded, load
from workflows_app.errors import (
    ApiUnavailable,
    InconsistentData,
    Interrupted,
    UnknownStep,
    UnknownWorkflow,
)
from workflows_app.models import Process, ProcessEvent
from workflows_app.outcomes import ErrorRecord, Failure, Outcome, Wait
from workflows_app.queue import Claim
from workflows_app.statuses import ProcessStatus, StepStatus
from workflows_app.timeouts import deadline

logger = logging.getLogger(__name__)

# Beside exceptions: what a library may raise to leave a thread or a task. Ctrl-C is not among them.
_FAILURES = (Exception, SystemExit, GeneratorExit, asyncio.CancelledError)
_GATEWAY_ERRORS = {502, 503, 504}


def advance(claim: Claim) -> None:
    """Run a claimed process, step by step. A stale claim does nothing."""
    loaded = _load(claim)
    if loaded is None:
        return
    with lease.kept(claim):
        try:
            _refuse_poison(loaded)
            _note_changed_definition(loaded)
            while _run_next_step(loaded, claim):
                pass
        except (UnknownStep, UnknownWorkflow, Interrupted) as error:
            checkpoint.fail_unrunnable(loaded, claim, ErrorRecord.of(error))


def _load(claim: Claim) -> Loaded | None:
    held = Process.objects.select_related("workflow").filter(
        pk=claim.process_id,
        fence=claim.fence,
        status__in=[ProcessStatus.RUNNING, ProcessStatus.ABORTED],
        due_at__isnull=False,
    )
    process = held.first()
    return load(process) if process else None


def _refuse_poison(loaded: Loaded) -> None:
    """Raise Interrupted if the step at the bookmark has taken one worker too many with it."""
    times = loaded.process.interruptions
    if times >= app_settings.get("MAX_INTERRUPTIONS"):
        raise Interrupted(times)


def _note_changed_definition(loaded: Loaded) -> None:
    """Keep today's definition with the process, and say so in its log, if it is another."""
    process, snapshot = loaded.process, loaded.definition.snapshot()
    if snapshot == process.definition:
        return
    with transaction.atomic():
        Process.objects.filter(pk=process.pk).update(definition=snapshot)
        ProcessEvent.objects.create(
            process=process,
            actor="SYSTEM",
            action="definition changed",
            details={"before": process.definition, "after": snapshot},
        )
    process.definition = snapshot


def _run_next_step(loaded: Loaded, claim: Claim) -> bool:
    """Run the step at the bookmark and commit it; True if the next one should run now."""
    if not loaded.process.next_step:
        checkpoint.let_rest(loaded, claim)
        return False
    step = loaded.definition.step(loaded.process.next_step)
    context = loaded.context(step, now=timezone.now())
    bound: BoundStep | None = None
    began_on = connection.connection
    try:
        if step.on_interrupt == "fail" and not _begin(loaded, claim, step, context):
            return False
        bound = step.prepare(context)
        with _transaction(step):
            with deadline(step.timeout):
                outcome = bound()
            written = _checkpoint(loaded, claim, step, context, outcome).write()
    except _FAILURES as error:  # A step is someone else's code: anything may come out of it.
        if isinstance(error, DatabaseError) and connection.connection is not began_on:
            raise  # The database went away, not the step: the lease ends, and it is run again.
        logger.exception(
            "Step failed", extra={"process_id": str(claim.process_id), "step": step.path}
        )
        record = bound.describe(error) if bound else ErrorRecord.of(error)
        outcome = _after(error, record, step, context, is_task=loaded.process.is_task)
        written = _checkpoint(loaded, claim, step, context, outcome).write()
    return written.apply()


def _checkpoint(
    loaded: Loaded, claim: Claim, step: Step, context: Context, outcome: Outcome
) -> Checkpoint:
    return Checkpoint(loaded=loaded, claim=claim, step=step, context=context, outcome=outcome)


def _begin(loaded: Loaded, claim: Claim, step: Step, context: Context) -> bool:
    """Record the beginning of a step that must not run twice.

    Raises:
        Interrupted: it had begun before, and how that ended is unknown.
    """
    if context.resumes == StepStatus.RUNNING:
        raise Interrupted
    return checkpoint.begin(loaded, claim, step, context)


def _transaction(step: Step) -> AbstractContextManager[object]:
    """Return the transaction in which a step and its checkpoint commit together.

    On PostgreSQL it begins with the first query. SQLite has one writer, and a step that calls a
    remote system must not be it: there only the engine's own, quick steps have one. Within a
    transaction that is open already, as a test's is, every step has a savepoint: what fails in it
    must leave that transaction usable.
    """
    wanted = step.engine_step or (step.atomic and connection.vendor == "postgresql")
    return transaction.atomic() if wanted or connection.in_atomic_block else nullcontext()


def _after(
    error: BaseException, record: ErrorRecord, step: Step, context: Context, *, is_task: bool
) -> Outcome:
    """Return what an exception leads to: another try, or a failure."""
    if not isinstance(error, Interrupted):
        pause = step.retry.delay(error, attempt=context.tries)
        if pause is not None:
            return Wait(timezone.now() + pause, record)
    return Failure(record, failure_status(error) if is_task else ProcessStatus.FAILED)


def failure_status(error: BaseException) -> ProcessStatus:
    """Return the status of a task that ``error`` ended, by the exception's class."""
    if isinstance(error, InconsistentData | AssertionError):
        return ProcessStatus.INCONSISTENT_DATA
    if isinstance(error, requests.HTTPError):
        away = error.response is not None and error.response.status_code in _GATEWAY_ERRORS
    else:
        away = isinstance(error, ApiUnavailable | requests.ConnectionError | requests.Timeout)
    return ProcessStatus.API_UNAVAILABLE if away else ProcessStatus.FAILED
