"""The process table as the queue: claims, leases, fences."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.engine import calls, define, drain, make_due, rows, run, state
from tests.races import Other
from workflows_app import State, begin, engine, forms, inputstep, queue, sleep_step, step
from workflows_app.errors import AlreadyAnswered, WrongStatus
from workflows_app.models import Process
from workflows_app.queue import Claim

pytestmark = pytest.mark.django_db(transaction=True)


@step("Order")
def order() -> State:
    return {"ordered": True}


@inputstep("Confirm")
def confirm():
    class Page(forms.FormPage):
        sure: bool

    answer = yield Page
    return answer.model_dump()


def started(count: int = 1) -> list[Process]:
    name = define(begin >> order)
    return [engine.start(name, by="maria") for _ in range(count)]


def test_a_claim_marks_the_row_and_gives_it_a_lease():
    (process,) = started()

    (claim,) = queue.claim(1, worker="host:1")

    process.refresh_from_db()
    assert claim == Claim(process.pk, 1)
    assert (process.status, process.worker, process.fence) == ("running", "host:1", 1)
    assert process.due_at
    assert process.due_at > timezone.now()
    assert queue.claim(1) == []


def test_the_longest_due_are_claimed_first_and_no_more_than_asked_for():
    first, second, third = started(3)
    for process, seconds in ((first, 1), (second, 3), (third, 2)):
        Process.objects.filter(pk=process.pk).update(
            due_at=timezone.now() - timedelta(seconds=seconds)
        )

    assert {claim.process_id for claim in queue.claim(2)} == {second.pk, third.pk}
    assert [claim.process_id for claim in queue.claim(2)] == [first.pk]


def test_what_is_due_later_or_never_is_not_claimed():
    run(begin >> sleep_step("Nap", 60))
    run(begin >> confirm, name="suspended")
    run(begin >> order, name="completed")

    assert queue.claim(10) == []


def test_a_lease_that_ran_out_lets_another_worker_run_the_step_again():
    (process,) = started()
    (dead,) = queue.claim(1, worker="dead")
    assert queue.claim(1) == []
    make_due(process)

    (alive,) = queue.claim(1, worker="alive")

    assert alive == Claim(process.pk, dead.fence + 1)
    engine.advance(alive)
    process.refresh_from_db()
    assert (process.status, process.worker) == ("completed", "")


def test_a_worker_that_was_only_slow_writes_nothing_over_its_successor():
    ran, ran_it = calls()

    @step("Slow", atomic=False)
    def slow(idempotency_key: str) -> State:
        ran_it(idempotency_key)
        if len(ran) == 1:
            make_due(process)
            (successor,) = queue.claim(1, worker="successor")
            engine.advance(successor)
            return {"by": "the slow one"}
        return {"by": "its successor"}

    process = engine.start(define(begin >> slow >> order), by="maria")
    (claim,) = queue.claim(1, worker="slow")
    engine.advance(claim)

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"by": "its successor", "ordered": True}
    assert rows(process) == [
        ("Start", "success"),
        ("Slow", "success"),
        ("Order", "success"),
        ("Done", "success"),
    ]
    assert ran == [ran[0]] * 2  # One execution, so one key for the remote side.


@pytest.mark.parametrize("raises", [False, True])
def test_a_worker_that_was_only_slow_writes_nothing_while_its_successor_still_runs(raises):
    @step("Slow", atomic=False)
    def slow(attempt: int) -> State:
        if not successors:
            make_due(process)
            successors.extend(queue.claim(1, worker="successor"))
            if raises:
                raise RuntimeError("too late")
        return {"attempt": attempt}

    successors: list[Claim] = []
    process = engine.start(define(begin >> slow >> order), by="maria")
    engine.advance(queue.claim(1, worker="slow")[0])

    process.refresh_from_db()
    assert (process.status, process.worker, process.next_step) == ("running", "successor", "Slow")
    assert rows(process) == [("Start", "success")]
    engine.advance(successors[0])
    process.refresh_from_db()
    assert process.status == "completed"


def test_a_slow_worker_that_fails_does_not_fail_its_successor_s_process():
    @step("Slow", atomic=False)
    def slow(attempt: int) -> State:
        if not ran:
            ran_it(attempt)
            make_due(process)
            engine.advance(queue.claim(1)[0])
            raise RuntimeError("too late")
        return {"slow": attempt}

    ran, ran_it = calls()
    process = engine.start(define(begin >> slow), by="maria")
    engine.advance(queue.claim(1)[0])

    process.refresh_from_db()
    assert (process.status, process.failed_reason) == ("completed", "")


def test_a_stale_claim_does_nothing():
    (process,) = started()
    (claim,) = queue.claim(1)
    engine.advance(claim)

    engine.advance(claim)
    engine.advance(Claim(process.pk, claim.fence + 5))

    assert rows(process) == [("Start", "success"), ("Order", "success"), ("Done", "success")]


@pytest.mark.parametrize("resumed", [False, True])
def test_a_stale_claim_does_not_run_what_has_parked_since(resumed):
    process = engine.start(define(begin >> sleep_step("Nap", 60) >> order), by="maria")
    (claim,) = queue.claim(1)
    engine.advance(claim)
    if resumed:
        engine.resume(process.pk, by="piet")

    engine.advance(claim)

    process.refresh_from_db()
    assert process.status == ("resumed" if resumed else "waiting")
    assert rows(process) == [("Start", "success"), ("Nap", "waiting")]


def test_a_lease_is_renewed_for_as_long_as_the_claim_is_held_and_no_longer():
    (process,) = started()
    (claim,) = queue.claim(1)
    make_due(process)

    assert queue.renew(claim)
    process.refresh_from_db()
    assert process.due_at
    assert process.due_at > timezone.now() + timedelta(seconds=5)

    engine.advance(claim)
    assert not queue.renew(claim)
    assert not queue.renew(Claim(process.pk, 99))


def test_a_renewal_does_not_undo_a_parking():
    process = run(begin >> sleep_step("Nap", 3600))
    due_at = process.due_at

    assert not queue.renew(Claim(process.pk, process.fence))

    process.refresh_from_db()
    assert process.due_at == due_at


def test_the_next_due_time_is_how_long_a_worker_may_sleep():
    assert queue.next_due() is None

    process = run(begin >> sleep_step("Nap", 60))
    due = queue.next_due()
    assert due
    assert due <= timedelta(seconds=60)

    make_due(process)
    assert queue.next_due() == timedelta(0)


def test_a_failed_process_disables_nothing_for_the_others():
    @step("Boom")
    def boom() -> None:
        raise RuntimeError("boom")

    failed = run(begin >> boom, name="failing")
    orphan = engine.start(define(begin >> order, name="orphaned"), by="maria")
    queue.claim(1, worker="dead")
    napping = run(begin >> sleep_step("Nap", 60) >> order, name="napping")
    make_due(napping)
    drain()

    napping.refresh_from_db()
    assert napping.status == "completed"
    make_due(orphan)
    drain()
    orphan.refresh_from_db()
    failed.refresh_from_db()
    assert (orphan.status, failed.status) == ("completed", "failed")


@pytest.mark.postgresql
def test_two_workers_at_once_never_claim_the_same_process_nor_wait_for_each_other():
    started(2)

    with transaction.atomic():
        (mine,) = queue.claim(1)
        theirs = Other(lambda: queue.claim(5)).ended()

    assert len(theirs) == 1
    assert mine.process_id != theirs[0].process_id


@pytest.mark.postgresql
def test_a_wake_up_leaves_with_the_commit_and_not_before():
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {queue.CHANNEL}")
    name = define(begin >> order)

    def start() -> None:
        engine.start(name, by="maria")

    def heard() -> int:
        return len(list(connection.connection.notifies(timeout=0.2, stop_after=1)))

    with pytest.raises(RuntimeError):
        Other(lambda: rolled_back(start)).ended()
    assert heard() == 0
    Other(start).ended()
    assert heard() == 1


def rolled_back(action) -> None:
    with transaction.atomic():
        action()
        raise RuntimeError("never mind")


@pytest.mark.postgresql
def test_two_answers_to_one_form_at_once_are_one_answer():
    process = run(begin >> confirm >> order)

    with transaction.atomic():
        engine.submit(process.pk, inputs=[{"sure": True}], by="maria")
        other = Other(lambda: engine.submit(process.pk, inputs=[{"sure": False}], by="piet"))
        other.wait_until_locked_out()

    with pytest.raises(AlreadyAnswered, match="answered by maria"):
        other.ended()
    assert state(process) == {"sure": True}
    assert drain() == 1
    assert [path for path, _ in rows(process)] == ["Start", "Confirm", "Order", "Done"]


@pytest.mark.postgresql
@pytest.mark.parametrize("second", ["retry", "abort"])
def test_two_operators_at_once_are_heard_one_after_the_other(second):
    @step("Boom")
    def boom() -> None:
        raise RuntimeError("boom")

    process = run(begin >> boom)

    with transaction.atomic():
        engine.retry(process.pk, by="maria")
        other = Other(lambda: getattr(engine, second)(process.pk, by="piet"))
        other.wait_until_locked_out()

    if second == "retry":
        with pytest.raises(WrongStatus):
            other.ended()
        assert process.events.filter(action="retried").count() == 1
    else:
        other.ended()
        process.refresh_from_db()
        assert process.status == "aborted"


@pytest.mark.postgresql
@pytest.mark.parametrize("first", ["abort", "checkpoint"])
def test_an_abort_that_meets_a_checkpoint_stands_whoever_comes_first(first):
    process = engine.start(define(begin >> order >> confirm), by="maria")
    (claim,) = queue.claim(1)

    if first == "abort":
        with transaction.atomic():
            engine.abort(process.pk, by="piet")
            worker = Other(lambda: engine.advance(claim))
            worker.wait_until_locked_out()
        worker.ended()
    else:
        engine.advance(claim)
        engine.abort(process.pk, by="piet")

    process.refresh_from_db()
    assert (process.status, process.due_at, process.worker) == ("aborted", None, "")
    assert queue.claim(1) == []
    assert dict(rows(process)).get("Confirm") == (None if first == "abort" else "aborted")
