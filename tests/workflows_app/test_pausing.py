"""A paused engine: running steps finish, nothing is claimed, and no answer is refused or lost."""

import pytest

from tests.engine import calls, define, drain, rows, run, state
from workflows_app import State, begin, engine, forms, inputstep, queue, registry, sleep_step, step
from workflows_app.models import EngineSettings, ProcessEvent

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


def test_a_form_answered_during_a_pause_is_kept_and_acted_on_afterwards():
    process = run(begin >> confirm >> order)
    engine.pause(by="piet", reason="maintenance")

    engine.submit(process.pk, inputs=[{"sure": True}], by="maria")
    drain()
    process.refresh_from_db()
    assert (process.status, state(process)) == ("resumed", {"sure": True})

    engine.unpause(by="piet")
    drain()
    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"sure": True, "ordered": True}


def test_a_process_started_during_a_pause_begins_afterwards():
    name = define(begin >> order)
    engine.pause(by="piet")

    process = engine.start(name, by="maria")
    drain()
    process.refresh_from_db()
    assert process.status == "created"

    engine.unpause(by="piet")
    drain()
    process.refresh_from_db()
    assert process.status == "completed"


def test_retries_resumes_and_aborts_are_accepted_during_a_pause():
    broken = [True]

    @step("Fragile")
    def fragile() -> State:
        if broken:
            raise RuntimeError("no")
        return {"mended": True}

    failed = run(begin >> fragile, name="failing")
    waiting = run(begin >> sleep_step("Nap", 60) >> order, name="napping")
    suspended = run(begin >> confirm, cleanup=order)
    engine.pause(by="piet")
    broken.clear()

    engine.retry(failed.pk, by="maria")
    engine.resume(waiting.pk, by="maria")
    engine.abort(suspended.pk, by="maria")
    assert drain() == 0
    suspended.refresh_from_db()
    assert suspended.status == "aborted"

    engine.unpause(by="piet")
    drain()
    for process, status in ((failed, "completed"), (waiting, "completed"), (suspended, "aborted")):
        process.refresh_from_db()
        assert process.status == status
    assert rows(suspended)[-1] == ("Clean-up/Order", "success")


def test_a_pause_and_an_unpause_during_a_step_do_not_run_it_twice():
    ran, ran_it = calls()

    @step("Slow", atomic=False)
    def slow() -> None:
        ran_it("slow")
        engine.pause(by="piet")
        engine.unpause(by="piet")
        assert queue.claim(5) == []  # The worker that runs it still holds it.

    process = run(begin >> slow >> order)

    assert process.status == "completed"
    assert ran == ["slow"]


def test_a_step_that_runs_during_the_pause_is_finished_and_recorded():
    @step("Slow", atomic=False)
    def slow() -> State:
        engine.pause(by="piet")
        return {"slow": True}

    process = run(begin >> slow >> order)

    assert (process.status, process.next_step, process.worker) == ("resumed", "Order", "")
    assert rows(process) == [("Start", "success"), ("Slow", "success")]


def test_one_process_that_cannot_run_does_not_hold_up_the_others_at_the_unpause():
    @inputstep("Bad form")
    def bad(missing: str):
        yield missing

    engine.pause(by="piet")
    bad_one = engine.start(define(begin >> bad, name="bad"), by="maria")
    gone = engine.start(define(begin >> order, name="gone"), by="maria")
    good = engine.start(define(begin >> order, name="good"), by="maria")
    registry._workflows.pop("gone")

    engine.unpause(by="piet")
    drain()

    for process, status in ((bad_one, "failed"), (gone, "failed"), (good, "completed")):
        process.refresh_from_db()
        assert process.status == status
    assert not EngineSettings.objects.get().global_lock


def test_a_pause_and_its_end_are_in_the_action_log_with_their_reason():
    engine.pause(by="piet", reason="maintenance")
    engine.unpause(by="maria")

    logged = ProcessEvent.objects.order_by("pk").values_list("actor", "action", "reason")
    assert list(logged) == [
        ("piet", "engine paused", "maintenance"),
        ("maria", "engine unpaused", ""),
    ]


def test_a_sleeping_worker_is_not_told_of_anything_due_while_the_engine_is_paused():
    engine.start(define(begin >> order), by="maria")
    assert queue.next_due() is not None

    engine.pause(by="piet")

    assert queue.next_due() is None
