"""One act on many processes: what would become of each, then the act, each on its own.

Every process is acted on in a transaction of its own, by the same verbs and under the same policy
as one alone, so a refusal stops nothing else. What was shown before the act comes along: a process
that has moved on meanwhile is left alone. An act has a key, so it is done once however often it is
sent.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Any, Literal
from uuid import UUID

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from workflows_app import engine, policy
from workflows_app.engine.loading import locked
from workflows_app.errors import ChangedMeanwhile, UnknownProcess, WorkflowError, WrongStatus
from workflows_app.models import BulkAction, Process
from workflows_app.statuses import ProcessStatus

logger = logging.getLogger(__name__)
Verb = Literal["retry", "abort", "resume"]
MOST = 1000  # Processes at once.
PATIENCE = timedelta(seconds=20)  # A request that takes longer may be cut off by what is before us.
_SAVED_EVERY = 25  # Results: so much is not known after a crash.

VERBS: Mapping[Verb, Callable[..., object]] = {
    "retry": engine.retry,
    "abort": engine.abort,
    "resume": engine.resume,
}
_AT_WORK = {ProcessStatus.CREATED, ProcessStatus.RESUMED, ProcessStatus.RUNNING}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A process to act on, and how it stood when somebody decided that."""

    process_id: UUID
    stamp: str = ""  # "" for however it stands.


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one process: done, or why not."""

    id: str
    done: bool
    code: str = ""
    detail: str = ""


def permitted(user: Any) -> list[Verb]:
    """Return what ``user`` may ever do to many processes."""
    return [verb for verb in VERBS if user.has_perm(policy.PERMISSIONS[verb])]


def fits(verb: Verb, process: Process) -> bool:
    """Return whether the process's status admits the verb; a form is not answered in bulk."""
    if verb == "resume":
        return process.status == ProcessStatus.WAITING
    return policy.fits(verb, process)


def stamp(process: Process) -> str:
    """Return how the process stands, as far as it matters for an act on it."""
    if process.status in _AT_WORK:
        return "at-work"
    facts = (process.status, process.next_step, process.modified_at)
    return blake2b(repr(facts).encode(), digest_size=8).hexdigest()


def refusal(user: Any, verb: Verb, process: Process) -> WorkflowError | None:
    """Return why the act would be refused now; None if it would be done."""
    if not fits(verb, process):
        return WrongStatus(process.pk, actual=process.status, wanted=_UNFIT[verb]())
    try:
        policy.require(user, verb, process)
    except WorkflowError as error:
        return error
    return None


def once(
    key: UUID, user: Any, verb: Verb, wanted: Sequence[Wanted], *, reason: str = ""
) -> BulkAction:
    """Act on each process, and keep what became of it. A key that was used before does nothing."""
    started = {
        "actor": user.get_username(),
        "action": verb,
        "reason": reason,
        "wanted": len(wanted),
    }
    act, new = BulkAction.objects.get_or_create(pk=key, defaults=started)
    if not new:
        return act
    for number, result in enumerate(each(user, verb, wanted, reason=reason), start=1):
        act.results.append(asdict(result))
        if number % _SAVED_EVERY == 0:
            act.save(update_fields=["results"])
    act.finished_at = timezone.now()
    act.save(update_fields=["results", "finished_at"])
    return act


def each(user: Any, verb: Verb, wanted: Iterable[Wanted], *, reason: str = "") -> Iterator[Result]:
    """Act on one process after the other, and yield what became of it."""
    ends_at = time.monotonic() + PATIENCE.total_seconds()
    for one in wanted:
        identity = str(one.process_id)
        if time.monotonic() > ends_at:
            yield Result(identity, done=False, code="NotTried", detail=_("there was no time left"))
            continue
        try:
            _act(user, verb, one, reason)
        except WorkflowError as error:
            yield Result(identity, done=False, code=type(error).__name__, detail=str(error))
        except DatabaseError as error:
            logger.warning(
                "Act on one of many failed", extra={"process_id": identity}, exc_info=error
            )
            detail = _("the database refused it; try again")
            yield Result(identity, done=False, code="DatabaseError", detail=detail)
        else:
            yield Result(identity, done=True)


def _act(user: Any, verb: Verb, wanted: Wanted, reason: str) -> None:
    process = Process.objects.select_related("workflow").filter(pk=wanted.process_id).first()
    if process is None:
        raise UnknownProcess(wanted.process_id)
    if wanted.stamp and wanted.stamp != stamp(process):
        raise ChangedMeanwhile(process.status)
    if refused := refusal(user, verb, process):
        raise refused
    seen = stamp(process)
    with transaction.atomic():
        now = locked(process.pk)
        if stamp(now) != seen:
            raise ChangedMeanwhile(now.status)
        VERBS[verb](process.pk, by=user.get_username(), reason=reason)


_UNFIT: Mapping[Verb, Callable[[], str]] = {
    "retry": lambda: _("only a failed process can be retried"),
    "abort": lambda: _("it has already ended"),
    "resume": lambda: _("it does not wait for a time"),
}
