"""Running steps: order, state, failure, retry."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from tests.engine import define, drain, rows, run, state
from workflows_app import (
    Retry,
    RetryAfter,
    State,
    abort,
    begin,
    conditional,
    engine,
    focussteps,
    forms,
    inputstep,
    queue,
    retrystep,
    sleep_step,
    step,
    step_group,
)
from workflows_app.errors import FormNotComplete, FormRejected, WrongStatus
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)


@step("Count")
def count(n: int = 0) -> State:
    return {"n": n + 1}


@step("Double")
def double(n: int) -> State:
    return {"n": n * 2}


@step("Boom")
def boom() -> State:
    raise RuntimeError("boom")


def test_all_steps_run_in_order_and_the_state_accumulates():
    process = run(begin >> count >> double)

    assert process.status == "completed"
    assert state(process) == {"n": 2}
    assert rows(process) == [
        ("Start", "success"),
        ("Count", "success"),
        ("Double", "success"),
        ("Done", "success"),
    ]


def test_a_failing_step_stops_the_process_and_a_retry_runs_it_again():
    broken = [True]

    @step("Fragile")
    def fragile() -> State:
        if broken:
            raise RuntimeError("no light")
        return {"light": True}

    process = run(begin >> count >> fragile >> double)
    assert (process.status, process.failed_reason) == ("failed", "no light")
    assert rows(process)[-1] == ("Fragile", "failed")

    broken.clear()
    engine.retry(process.pk, by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"n": 2, "light": True}
    assert [path for path, _ in rows(process)].count("Count") == 1


def test_a_form_suspends_the_process_until_it_is_answered():
    @inputstep("Confirm", assignee="NOC")
    def confirm(n: int):
        class Page(forms.FormPage):
            sure: bool
            seen: int = n

        answer = yield Page
        return answer.model_dump()

    process = run(begin >> count >> confirm >> double)
    assert (process.status, process.assignee) == ("suspended", "NOC")
    with pytest.raises(FormNotComplete):
        engine.submit(process.pk, inputs=[], by="piet")
    with pytest.raises(FormRejected):
        engine.submit(process.pk, inputs=[{"sure": "perhaps"}], by="piet")

    engine.submit(process.pk, inputs=[{"sure": True}], by="piet")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"n": 2, "sure": True, "seen": 1}


def test_a_group_is_retried_from_its_start_and_forgets_what_it_did():
    broken = [True]

    @step("Validate")
    def validate(n: int) -> State:
        if broken:
            raise AssertionError("bad")
        return {"valid": n}

    process = run(begin >> step_group("Both", begin >> count >> validate))
    assert process.next_step == "Both/Validate"
    assert state(process) == {"n": 1}

    broken.clear()
    engine.retry(process.pk, by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"n": 1, "valid": 1}


def test_retrystep_waits_and_is_tried_again_when_due():
    tries = []

    @retrystep("Order", retry=Retry(max_attempts=3))
    def order(attempt: int, idempotency_key: str) -> State:
        tries.append((attempt, idempotency_key))
        if attempt < 3:
            raise ConnectionError("away")
        return {"ordered": True}

    process = run(begin >> order)
    for _ in range(2):
        process.refresh_from_db()
        assert (process.status, process.failed_reason) == ("waiting", "away")
        assert process.due_at
        assert process.due_at > timezone.now() + timedelta(seconds=40)
        Process.objects.filter(pk=process.pk).update(due_at=timezone.now())
        drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert [attempt for attempt, _ in tries] == [1, 2, 3]
    assert len({key for _, key in tries}) == 1
    assert rows(process) == [
        ("Start", "success"),
        ("Order", "waiting"),
        ("Order", "success"),
        ("Done", "success"),
    ]


def test_retry_after_is_honoured_without_a_policy():
    @step("Busy")
    def busy() -> State:
        raise RetryAfter(90)

    process = run(begin >> busy)

    assert process.status == "waiting"
    assert process.due_at
    assert timedelta(80) > process.due_at - timezone.now() > timedelta(seconds=80)


def test_a_false_condition_skips_its_whole_block():
    process = run(begin >> conditional(lambda state: False)(begin >> count >> boom))

    assert process.status == "completed"
    assert [status for _, status in rows(process)] == [
        "success",
        "success",
        "skipped",
        "skipped",
        "success",
    ]


def test_focussteps_show_a_part_of_the_state():
    process = run(begin >> focussteps("port")(begin >> count >> double))

    assert state(process) == {"port": {"n": 2}}


def test_a_timer_waits_and_goes_on():
    process = run(begin >> sleep_step("Cool down", 60) >> count)
    assert process.status == "waiting"

    Process.objects.update(due_at=timezone.now())
    drain()

    process.refresh_from_db()
    assert process.status == "completed"


def test_the_abort_step_ends_the_process():
    process = run(begin >> count >> abort >> double)

    assert process.status == "aborted"
    assert rows(process)[-1] == ("Abort", "aborted")


def test_an_aborted_process_runs_its_cleanup_visibly():
    @step("Release lock")
    def release(n: int) -> State:
        return {"released": n}

    process = run(begin >> count >> sleep_step("Wait", 60), cleanup=release)
    engine.abort(process.pk, by="maria", reason="wrong customer")
    drain()

    process.refresh_from_db()
    assert process.status == "aborted"
    assert rows(process)[-2:] == [("Wait", "aborted"), ("Clean-up/Release lock", "success")]
    assert process.due_at is None
    assert queue.claim(1) == []


def test_an_abort_during_a_step_records_the_step_and_nothing_follows():
    @step("Slow")
    def slow(process_id: UUID) -> State:
        engine.abort(process_id, by="maria")
        return {"done": True}

    process = run(begin >> slow >> boom, name="aborting")

    assert process.status == "aborted"
    assert rows(process) == [("Start", "success"), ("Slow", "success")]
    with pytest.raises(WrongStatus):
        engine.abort(process.pk, by="maria")


def test_a_paused_engine_finishes_the_step_and_claims_nothing():
    @step("Pause")
    def pause() -> State:
        engine.pause(by="maria")
        return {}

    process = run(begin >> pause >> count)
    assert (process.status, process.next_step) == ("resumed", "Count")
    assert queue.claim(1) == []

    engine.unpause(by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"


def test_an_interrupted_step_that_must_not_run_twice_fails():
    ran = []

    @step("Once", on_interrupt="fail")
    def once() -> State:
        ran.append(1)
        raise KeyboardInterrupt  # As good as a kill: nothing is recorded.

    name = define(begin >> once)
    process = engine.start(name, by="maria")
    (claim,) = queue.claim(1)
    with pytest.raises(KeyboardInterrupt):
        engine.advance(claim)
    Process.objects.update(due_at=timezone.now())

    drain()

    process.refresh_from_db()
    assert process.status == "failed"
    assert "outcome unknown" in process.failed_reason
    assert ran == [1]


def test_a_step_that_returns_the_whole_state_changes_only_what_it_changed():
    @step("Everything")
    def everything(state: State) -> State:
        return {**state, "more": True}

    process = run(begin >> count >> everything)

    assert process.steps.get(path="Everything").patch == {"more": True}


def test_a_step_that_kills_every_worker_is_given_up():
    process = engine.start(define(begin >> count), by="maria")
    for _ in range(6):  # A claim, and five workers that died.
        assert len(queue.claim(1)) == 1
        Process.objects.update(due_at=timezone.now())
    assert len(queue.claim(1)) == 1
    Process.objects.update(due_at=timezone.now())

    drain()

    process.refresh_from_db()
    assert process.status == "failed"
    assert "workers died" in process.failed_reason
    engine.retry(process.pk, by="maria")
    drain()
    process.refresh_from_db()
    assert process.status == "completed"
