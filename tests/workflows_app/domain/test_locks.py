"""A subscription is changed by one process at a time, and everybody is told by which."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from tests.engine import drain, events
from tests.races import Other
from tests.workflows_app.domain import models
from tests.workflows_app.domain.models import User
from tests.workflows_app.domain.workflows import boom, ended, started, typed
from workflows_app import engine, locks, queue
from workflows_app.dsl import StepList, abort, begin, step
from workflows_app.errors import SubscriptionLocked, UnknownSubscription
from workflows_app.models import Process, ProcessEvent, Subscription, Workflow
from workflows_app.statuses import FAILURES, FINAL, ProcessStatus
from workflows_app.subscriptions import modify_workflow, reconcile_workflow

RUNNABLE = ("created", "running", "resumed")
pytestmark = pytest.mark.django_db(transaction=True)


def holder(status: str = "running", name: str = "modify_user") -> Process:
    """Store a process in ``status``."""
    workflow, _ = Workflow.objects.get_or_create(name=name, defaults={"target": "MODIFY"})
    now = timezone.now()
    return Process.objects.create(
        workflow=workflow,
        created_by="maria",
        status=status,
        finished_at=now if status in FINAL else None,
        due_at=now + timedelta(hours=1) if status in (*RUNNABLE, "waiting") else None,
    )


def lock_of(model):
    row = Subscription.objects.get(pk=model.subscription_id)
    return row.insync, row.locked_by_id


@pytest.fixture
def user(products) -> User:
    return models.user(products)


@pytest.fixture
def pk(user):
    return user.subscription_id


# --- take ----------------------------------------------------------------------------------------


def test_a_lock_is_taken_by_one_process(user, pk):
    process = holder()

    assert locks.take(pk, process_id=process.pk) is True
    assert lock_of(user) == (False, process.pk)


def test_taking_it_again_is_no_error(user, pk):
    process = holder()
    locks.take(pk, process_id=process.pk)

    assert locks.take(pk, process_id=process.pk) is False
    assert lock_of(user) == (False, process.pk)


def test_another_process_is_refused_and_told_who_has_it(user, pk):
    first, second = holder(), holder()
    locks.take(pk, process_id=first.pk)

    with pytest.raises(SubscriptionLocked) as refused:
        locks.take(pk, process_id=second.pk)

    assert str(refused.value) == (
        f"the subscription {pk} is out of sync: the process {first.pk} (modify_user, running) "
        "is changing it"
    )
    assert lock_of(user) == (False, first.pk)


def test_one_that_is_out_of_sync_without_a_process_is_refused_too(user, pk):
    Subscription.objects.update(insync=False)

    with pytest.raises(SubscriptionLocked, match="out of sync, and no process is changing it"):
        locks.take(pk, process_id=holder().pk)


def test_there_is_no_lock_without_a_subscription(db):
    process = holder()
    for verb in (locks.take, locks.take_over, locks.give_back):
        with pytest.raises(UnknownSubscription):
            verb(uuid4(), process_id=process.pk)
    with pytest.raises(UnknownSubscription):
        locks.set_in_sync(uuid4(), by="anna", reason="r")


def test_one_that_was_given_back_a_moment_ago_is_not_called_out_of_sync(user, pk):
    row = Subscription.objects.get(pk=pk)

    assert locks.why_out_of_sync(row) == (
        f"the subscription {pk} was being changed until just now: try again"
    )


def test_the_database_refuses_a_holder_of_what_is_in_sync(user, pk):
    with pytest.raises(IntegrityError):
        Subscription.objects.filter(pk=pk).update(locked_by=holder().pk)


def test_a_deleted_process_leaves_the_subscription_out_of_sync(user, pk):
    process = holder("failed")
    locks.take(pk, process_id=process.pk)
    process.delete()

    assert lock_of(user) == (False, None)


# --- take_over -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ProcessStatus)
def test_it_is_taken_over_from_processes_that_failed_or_ended_only(user, pk, status):
    first, second = holder(status), holder()
    locks.take(pk, process_id=first.pk)

    if status in FAILURES | FINAL:
        assert locks.take_over(pk, process_id=second.pk) is True
        assert lock_of(user) == (False, second.pk)
    else:
        with pytest.raises(SubscriptionLocked, match=str(first.pk)):
            locks.take_over(pk, process_id=second.pk)
        assert lock_of(user) == (False, first.pk)


def test_it_is_taken_over_from_nobody_and_from_oneself(user, pk):
    process = holder()
    assert locks.take_over(pk, process_id=process.pk) is True
    assert locks.take_over(pk, process_id=process.pk) is False
    Subscription.objects.update(locked_by=None)

    assert locks.take_over(pk, process_id=process.pk) is True


def test_it_is_not_taken_over_from_an_aborted_process_whose_step_still_runs(user, pk):
    first, second = holder("aborted"), holder()
    Process.objects.filter(pk=first.pk).update(due_at=timezone.now())
    locks.take(pk, process_id=first.pk)

    with pytest.raises(SubscriptionLocked, match=r"modify_user, aborted"):
        locks.take_over(pk, process_id=second.pk)
    with pytest.raises(SubscriptionLocked, match=r"modify_user, aborted"):
        locks.set_in_sync(pk, by="anna", reason="r")


# --- give_back -----------------------------------------------------------------------------------


def test_it_is_given_back(user, pk):
    process = holder()
    locks.take(pk, process_id=process.pk)

    locks.give_back(pk, process_id=process.pk)

    assert lock_of(user) == (True, None)
    locks.give_back(pk, process_id=process.pk)
    assert lock_of(user) == (True, None)


def test_nobody_gives_back_what_another_process_has(user, pk):
    first, second = holder(), holder()
    locks.take(pk, process_id=first.pk)

    with pytest.raises(SubscriptionLocked, match=str(first.pk)):
        locks.give_back(pk, process_id=second.pk)

    assert lock_of(user) == (False, first.pk)


# --- set_in_sync ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ProcessStatus)
def test_it_is_set_in_sync_by_hand_unless_a_process_is_at_work(user, pk, status):
    process = holder(status)
    locks.take(pk, process_id=process.pk)

    if status in FAILURES | FINAL:
        locks.set_in_sync(pk, by="anna", reason="looked at it")
        assert lock_of(user) == (True, None)
        (event,) = ProcessEvent.objects.all()
        assert (event.actor, event.action, event.reason) == ("anna", "set in sync", "looked at it")
        assert (event.process_id, event.details) == (process.pk, {"subscription": str(pk)})
    else:
        with pytest.raises(SubscriptionLocked, match=str(process.pk)):
            locks.set_in_sync(pk, by="anna", reason="looked at it")
        assert lock_of(user) == (False, process.pk)
        assert not ProcessEvent.objects.exists()


def test_without_a_holder_it_is_logged_all_the_same(user, pk):
    Subscription.objects.update(insync=False)

    locks.set_in_sync(pk, by="anna", reason="looked at it")

    assert lock_of(user) == (True, None)
    assert ProcessEvent.objects.get().process_id is None


# --- Aborting ------------------------------------------------------------------------------------


def modifying(products, steps=begin >> boom, **options):
    return typed(modify_workflow, steps, products.user, **options)


def test_a_failed_process_keeps_the_lock_and_its_abort_gives_it_back(products, user):
    process = ended(started(modifying(products), user))
    assert (process.status, lock_of(user)) == ("failed", (False, process.pk))

    engine.abort(process.pk, by="piet", reason="hopeless")

    assert lock_of(user) == (True, None)
    assert ("piet", "subscriptions released") in events(process)
    released = ProcessEvent.objects.get(action="subscriptions released")
    assert released.details == {"subscriptions": [str(user.subscription_id)]}


def test_an_abort_while_a_step_runs_gives_it_back_when_that_has_ended(products, user):
    seen = []

    @step("Slow", atomic=False)
    def slow(process_id) -> None:
        engine.abort(process_id, by="piet")
        seen.append(lock_of(user))
        with pytest.raises(SubscriptionLocked):
            locks.take_over(user.subscription_id, process_id=holder().pk)

    process = ended(started(modifying(products, begin >> slow), user))

    assert seen == [(False, process.pk)]
    assert (process.status, lock_of(user)) == ("aborted", (True, None))
    assert ("SYSTEM", "subscriptions released") in events(process)


def test_clean_up_steps_still_have_the_lock(products, user):
    seen = []

    @step("Tidy")
    def tidy() -> None:
        seen.append(lock_of(user))

    process = ended(started(modifying(products, cleanup=begin >> tidy), user))
    engine.abort(process.pk, by="piet")
    assert lock_of(user) == (False, process.pk)
    with pytest.raises(SubscriptionLocked):
        locks.set_in_sync(user.subscription_id, by="anna", reason="r")
    drain()

    assert seen == [(False, process.pk)]
    assert lock_of(user) == (True, None)


def test_a_process_that_was_aborted_before_it_locked_releases_nothing(products, user):
    process = started(modifying(products), user)

    engine.abort(process.pk, by="piet")

    assert lock_of(user) == (True, None)
    assert events(process) == [("maria", "started"), ("piet", "aborted")]


def test_a_step_that_aborts_its_process_gives_it_back(products, user):
    process = ended(started(modifying(products, StepList([abort])), user))

    assert (process.status, lock_of(user)) == ("aborted", (True, None))


def test_an_abort_takes_nothing_from_whoever_took_over(products, user):
    process = ended(started(modifying(products), user))
    second = holder()
    locks.take_over(user.subscription_id, process_id=second.pk)

    engine.abort(process.pk, by="piet")

    assert lock_of(user) == (False, second.pk)


def test_a_reconciliation_repairs_and_releases(products, user):
    failed = ended(started(modifying(products), user))
    name = typed(reconcile_workflow, begin, products.user, name="reconcile_user")

    process = ended(started(name, user))

    assert (failed.status, process.status, lock_of(user)) == ("failed", "completed", (True, None))


# --- Two at once ---------------------------------------------------------------------------------


def test_two_modify_processes_at_the_same_instant_one_runs_the_other_is_told(products, user):
    """The first is inside its step when the second comes to the lock, on both databases."""
    entered, refused = threading.Event(), threading.Event()
    ran = []

    @step("Change", atomic=False)
    def change(process_id) -> None:
        ran.append(process_id)
        entered.set()
        assert refused.wait(30)

    name = modifying(products, begin >> change)
    processes = [started(name, user) for _ in range(2)]
    claims = queue.claim(2)

    def advance(claim):
        try:
            engine.advance(claim)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(advance, claims[0])
        assert entered.wait(30)
        second = pool.submit(advance, claims[1])
        second.result(30)
        refused.set()
        first.result(30)

    winner, loser = (Process.objects.get(pk=claim.process_id) for claim in claims)
    assert {winner.pk, loser.pk} == {process.pk for process in processes}
    assert (winner.status, loser.status, ran) == ("completed", "failed", [str(winner.pk)])
    assert f"the process {winner.pk} (modify_user, running) is changing it" in loser.failed_reason
    assert lock_of(user) == (True, None)
    engine.retry(loser.pk, by="maria")
    assert ended(loser).status == "completed"


def test_of_many_that_take_it_at_once_one_has_it(user, pk):
    processes = [holder() for _ in range(6)]
    barrier = threading.Barrier(len(processes))

    def take(process):
        try:
            barrier.wait(30)
            return locks.take(pk, process_id=process.pk)
        except SubscriptionLocked as error:
            return str(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(processes)) as pool:
        outcomes = list(pool.map(take, processes))

    winner = processes[outcomes.index(True)]
    assert lock_of(user) == (False, winner.pk)
    refusals = [outcome for outcome in outcomes if outcome is not True]
    assert len(refusals) == 5
    assert all(str(winner.pk) in refusal for refusal in refusals)


@pytest.mark.postgresql
def test_one_that_waits_for_the_lock_is_told_who_got_it(user, pk):
    first, second = holder(), holder()
    with transaction.atomic():
        locks.take(pk, process_id=first.pk)
        other = Other(lambda: locks.take(pk, process_id=second.pk))
        other.wait_until_locked_out()

    with pytest.raises(SubscriptionLocked, match=str(first.pk)):
        other.ended()


@pytest.mark.postgresql
def test_until_it_has_been_given_back_it_is_refused(user, pk):
    first, second = holder(), holder()
    locks.take(pk, process_id=first.pk)
    with transaction.atomic():
        locks.give_back(pk, process_id=first.pk)
        other = Other(lambda: locks.take(pk, process_id=second.pk))
        with pytest.raises(SubscriptionLocked, match=str(first.pk)):
            other.ended()

    assert locks.take(pk, process_id=second.pk) is True


@pytest.mark.postgresql
def test_of_two_that_take_over_at_once_the_second_sees_the_first(user, pk):
    gone, first, second = holder("failed"), holder(), holder()
    locks.take(pk, process_id=gone.pk)
    with transaction.atomic():
        locks.take_over(pk, process_id=first.pk)
        other = Other(lambda: locks.take_over(pk, process_id=second.pk))
        other.wait_until_locked_out()

    with pytest.raises(SubscriptionLocked, match=str(first.pk)):
        other.ended()


@pytest.mark.postgresql
def test_a_hand_that_waits_for_a_take_over_sees_it(user, pk):
    gone, first = holder("failed"), holder()
    locks.take(pk, process_id=gone.pk)
    with transaction.atomic():
        locks.take_over(pk, process_id=first.pk)
        other = Other(lambda: locks.set_in_sync(pk, by="anna", reason="r"))
        other.wait_until_locked_out()

    with pytest.raises(SubscriptionLocked, match=str(first.pk)):
        other.ended()
    assert lock_of(user) == (False, first.pk)


@pytest.mark.postgresql
def test_an_abort_while_the_lock_is_being_taken_leaves_nothing_locked(products, user, pk):
    """The step has the subscription's row; the abort the process's, and is the first to commit."""
    process = started(modifying(products, begin), user)
    (claim,) = queue.claim(1)
    with transaction.atomic():
        Subscription.objects.select_for_update(no_key=True).get(pk=pk)
        other = Other(lambda: engine.advance(claim))
        other.wait_until_locked_out()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(abort_elsewhere, process.pk).result(30)
    other.ended()
    drain()

    process.refresh_from_db()
    assert (process.status, lock_of(user)) == ("aborted", (True, None))


def abort_elsewhere(pk):
    try:
        engine.abort(pk, by="piet")
    finally:
        connections.close_all()
