"""Which process is changing a subscription: at most one.

Note [Lock]
~~~~~~~~~~~
A subscription that is out of sync is being changed, or was left half changed. ``locked_by`` says
by which process. Lock and release are single conditional statements, so of two processes that want
the same subscription one gets it, and the other is told who has it.
"""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from workflows_app.errors import SubscriptionLocked, UnknownSubscription
from workflows_app.models import Process, ProcessEvent, Subscription
from workflows_app.statuses import FAILURES, FINAL, in_words

_TAKEN_OVER, _SET_IN_SYNC = "lock taken over", "set in sync"  # In the loser's action log.


def take(subscription_id: UUID, *, process_id: UUID) -> bool:
    """Lock a subscription that is in sync. Taking it again is no error; then it returns False.

    Raises:
        SubscriptionLocked: it is out of sync; the message says because of whom.
    """
    rows = Subscription.objects.filter(pk=subscription_id)
    if rows.filter(insync=True).update(insync=False, locked_by=process_id):
        return True
    if not rows.filter(insync=False, locked_by=process_id).exists():
        raise _refusal(subscription_id)
    return False


@transaction.atomic
def take_over(subscription_id: UUID, *, process_id: UUID) -> bool:
    """Lock a subscription also if it is out of sync, unless a process is at work on it.

    Taking it again is no error; then it returns False.

    Raises:
        SubscriptionLocked: a process that can go on by itself, or waits for somebody, has it.
    """
    row = _locked_row(subscription_id)
    if row.locked_by_id == process_id:
        return False
    loser = row.locked_by
    if at_work(loser):
        raise _refusal(subscription_id)
    row.insync, row.locked_by_id = False, process_id
    row.save(update_fields=["insync", "locked_by"])
    if loser:
        details = {"subscription": str(subscription_id), "by": str(process_id)}
        ProcessEvent.objects.create(
            process=loser, actor="SYSTEM", action=_TAKEN_OVER, details=details
        )
    return True


def take_again(process: Process) -> None:
    """Lock what a failed process had locked and lost meanwhile, before it is retried.

    Raises:
        SubscriptionLocked: another process has it now.
        UnknownSubscription: it is gone.
    """
    lost = process.events.filter(action__in=(_TAKEN_OVER, _SET_IN_SYNC))
    for subscription in set(lost.values_list("details__subscription", flat=True)):
        take(UUID(subscription), process_id=process.pk)


def give_back(subscription_id: UUID, *, process_id: UUID) -> None:
    """Set a subscription in sync that this process, or nobody, has locked.

    Raises:
        SubscriptionLocked: another process has taken it over.
    """
    rows = Subscription.objects.filter(pk=subscription_id)
    own = rows.filter(locked_by=process_id) | rows.filter(locked_by=None)
    if not own.update(insync=True, locked_by=None):
        raise _refusal(subscription_id)


def release(process: Process, *, by: str) -> None:
    """Set in sync whatever an aborted process has locked, and say so in its log."""
    held = list(Subscription.objects.filter(locked_by=process).values_list("pk", flat=True))
    if held:
        Subscription.objects.filter(locked_by=process).update(insync=True, locked_by=None)
        released = {"subscriptions": [str(pk) for pk in held]}
        ProcessEvent.objects.create(
            process=process, actor=by, action="subscriptions released", details=released
        )


@transaction.atomic
def set_in_sync(subscription_id: UUID, *, by: str, reason: str) -> None:
    """Set a subscription in sync by hand. Whoever holds it loses it.

    Raises:
        UnknownSubscription: there is none.
        SubscriptionLocked: a process is at work on it: abort that first.
    """
    row = _locked_row(subscription_id)
    holder = row.locked_by
    if at_work(holder):
        raise _refusal(subscription_id)
    row.insync, row.locked_by = True, None
    row.save(update_fields=["insync", "locked_by"])
    ProcessEvent.objects.create(
        process=holder,
        actor=by,
        action=_SET_IN_SYNC,
        reason=reason,
        details={"subscription": str(subscription_id)},
    )


def _locked_row(subscription_id: UUID) -> Subscription:
    """Return the row, locked until the transaction ends.

    Its holder is read afterwards: one that was joined would be whoever it was before the wait.
    """
    row = Subscription.objects.select_for_update(no_key=True).filter(pk=subscription_id).first()
    if row is None:
        raise UnknownSubscription(subscription_id)
    return row


def at_work(holder: Process | None) -> bool:
    """Whether the process may still change what it has locked.

    One that was aborted is due as long as its last step runs, and its clean-up.
    """
    return holder is not None and (
        holder.status not in FAILURES | FINAL or holder.due_at is not None
    )


def _refusal(subscription_id: UUID) -> SubscriptionLocked | UnknownSubscription:
    rows = Subscription.objects.select_related("locked_by__workflow")
    row = rows.filter(pk=subscription_id).first()
    if row is None:
        return UnknownSubscription(subscription_id)
    return SubscriptionLocked(why_out_of_sync(row))


def why_out_of_sync(row: Subscription) -> str:
    """Return a sentence that says who is changing the subscription."""
    facts: dict[str, object] = {"subscription": row.pk}
    if row.insync:
        text = _("the subscription %(subscription)s was being changed until just now: try again")
    elif row.locked_by is None:
        text = _("the subscription %(subscription)s is out of sync, and no process is changing it")
    else:
        text = _(
            "the subscription %(subscription)s is out of sync: the process %(process)s "
            "(%(workflow)s, %(status)s) is changing it"
        )
        holder = row.locked_by
        facts |= {"process": holder.pk, "workflow": holder.workflow.name}
        facts["status"] = in_words(holder.status)
    return text % facts
