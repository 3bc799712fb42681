"""Conditions, groups, lenses, timers and retries as a process runs through them."""

import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import requests
from django.utils import timezone

from tests.engine import calls, drain, make_due, rows, run, state
from workflows_app import (
    Retry,
    RetryAfter,
    State,
    begin,
    conditional,
    done,
    engine,
    focussteps,
    forms,
    init,
    inputstep,
    queue,
    retrystep,
    sleep_step,
    step,
    step_group,
    steplens,
)
from workflows_app.errors import ApiUnavailable, InconsistentData, ProcessFailureError
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)


@step("Count")
def count(n: int = 0) -> State:
    return {"n": n + 1}


again, sub_count = replace(count, name="Count again"), replace(count, name="Count inside")


@step("After")
def after() -> State:
    return {"after": True}


@inputstep("Confirm", assignee="NOC")
def confirm():
    class Page(forms.FormPage):
        n: int

    answer = yield Page
    return answer.model_dump()


def counting(answer):
    """Return a predicate that answers ``answer(state)``, and the list of what it was shown."""
    seen, see = calls()

    def wanted(state):
        see(dict(state))
        return answer(state)

    return wanted, seen


def flaky(name, errors, **options):
    """Return a step that raises ``errors`` one after the other, then returns."""

    @step(name, **options)
    def fragile() -> State:
        if errors:
            raise errors.pop(0)
        return {name: True}

    return fragile


# Conditions


@pytest.mark.parametrize(("limit", "runs"), [(10, True), (25, True), (9, False)])
def test_a_block_runs_if_its_condition_holds_and_is_skipped_if_not(limit, runs):
    wanted, seen = counting(lambda state: state["n"] + 9 <= limit)

    process = run(begin >> count >> conditional(wanted)(after) >> done)

    assert process.status == "completed"
    assert seen == [{"n": 1}]
    assert state(process) == ({"n": 1, "after": True} if runs else {"n": 1})
    assert rows(process) == [
        ("Start", "success"),
        ("Count", "success"),
        ("If wanted: After", "success"),
        ("After", "success" if runs else "skipped"),
        ("Done", "success"),
    ]


def test_a_block_is_judged_once_although_its_steps_change_what_it_looked_at():
    wanted, seen = counting(lambda state: state.get("n", 0) == 0)

    process = run(begin >> conditional(wanted)(count >> confirm >> after))
    engine.submit(process.pk, inputs=[{"n": 99}], by="piet")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert seen == [{}]
    assert state(process) == {"n": 99, "after": True}


def test_a_retry_inside_a_block_does_not_judge_again():
    wanted, seen = counting(lambda state: not state)
    process = run(
        begin >> conditional(wanted)(count >> flaky("Order", [ValueError("no")])) >> after
    )

    engine.retry(process.pk, by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert seen == [{}]
    assert state(process) == {"n": 1, "Order": True, "after": True}


def test_a_condition_that_raises_fails_the_process_and_is_judged_again_at_the_retry():
    answers = [None, True]

    def wanted(_state):
        return answers.pop(0) or 1 / 0

    process = run(begin >> conditional(wanted)(count))
    assert (process.status, process.next_step) == ("failed", "If wanted: Count")

    engine.retry(process.pk, by="maria")
    drain()

    assert state(process) == {"n": 1}


@pytest.mark.parametrize(
    ("outer", "inner", "statuses"),
    [
        (True, True, "success success success success success"),
        (True, False, "success success success skipped success"),
        (False, True, "success skipped skipped skipped success"),
    ],
)
def test_a_condition_inside_a_condition_is_only_judged_if_the_outer_one_holds(
    outer, inner, statuses
):
    inner_wanted, seen = counting(lambda _state: inner)
    block = conditional(lambda _state: outer, name="outer")(
        after >> conditional(inner_wanted, name="inner")(count)
    )

    process = run(begin >> block >> flaky("Last", []))

    assert [path for path, _ in rows(process)[1:-1]] == [
        "If outer: After",
        "After",
        "If inner: Count",
        "Count",
        "Last",
    ]
    assert [status for _, status in rows(process)[1:-1]] == statuses.split()
    assert len(seen) == outer


@pytest.mark.parametrize("wanted", [True, False])
def test_a_condition_may_guard_a_group_and_a_form(wanted):
    group = step_group("Both", count >> confirm)

    process = run(begin >> conditional(lambda _state: wanted)(group) >> after)

    if wanted:
        assert (process.status, process.assignee) == ("suspended", "NOC")
        engine.submit(process.pk, inputs=[{"n": 5}], by="piet")
        drain()
        process.refresh_from_db()
    assert process.status == "completed"
    assert dict(rows(process))["Both/Confirm"] == ("success" if wanted else "skipped")
    assert state(process) == ({"n": 5, "after": True} if wanted else {"after": True})


def test_a_condition_inside_a_group_is_judged_again_when_the_group_is_retried_from_its_start():
    wanted, seen = counting(lambda _state: True)
    group = step_group("G", conditional(wanted)(count) >> flaky("Order", [ValueError("no")]))
    process = run(begin >> group)

    engine.retry(process.pk, by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert len(seen) == 2
    assert state(process) == {"n": 1, "Order": True}


def test_the_last_block_of_a_workflow_may_be_skipped():
    process = run(begin >> count >> conditional(lambda _state: False)(after))

    assert process.status == "completed"
    assert process.next_step == ""


# Groups


def test_a_group_that_keeps_its_progress_is_retried_from_the_step_that_failed():
    ran, ran_it = calls()

    @step("Order")
    def order() -> State:
        ran_it("order")
        return {"ordered": True}

    group = step_group("G", order >> flaky("Check", [ValueError("no")]), retry_from="failed")
    process = run(begin >> group)
    engine.retry(process.pk, by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert ran == ["order"]
    assert rows(process)[1:-1] == [
        ("G/Order", "success"),
        ("G/Check", "failed"),
        ("G/Check", "success"),
    ]


def test_a_group_retried_from_its_start_runs_all_again_and_shows_what_it_undid():
    ran, ran_it = calls()

    @step("Order")
    def order(idempotency_key: str, attempt: int) -> State:
        ran_it((attempt, idempotency_key))
        return {"ordered": attempt}

    process = run(begin >> step_group("G", order >> flaky("Check", [ValueError("no")])))
    assert state(process) == {"ordered": 1}
    engine.retry(process.pk, by="maria")
    assert state(process) == {}
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert [attempt for attempt, _ in ran] == [1, 2]
    assert len({key for _, key in ran}) == 2  # Ordering anew is another execution.
    undone = process.steps.filter(superseded=True).order_by("position")
    assert [row.path for row in undone] == ["G/Order", "G/Check"]


def test_a_form_inside_nested_groups_goes_on_where_it_was():
    group = step_group("Out", count >> step_group("In", confirm >> after) >> flaky("End", []))

    process = run(begin >> group)
    assert process.next_step == "Out/In/Confirm"
    engine.submit(process.pk, inputs=[{"n": 7}], by="piet")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"n": 7, "after": True, "End": True}


def test_the_second_form_of_a_group_that_was_retried_is_asked_anew():
    group = step_group("G", confirm >> flaky("Check", [ValueError("no")]))
    process = run(begin >> group)
    engine.submit(process.pk, inputs=[{"n": 1}], by="piet")
    drain()

    engine.retry(process.pk, by="maria")
    drain()
    process.refresh_from_db()
    assert (process.status, state(process)) == ("suspended", {})
    engine.submit(process.pk, inputs=[{"n": 2}], by="piet")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"n": 2, "Check": True}


# Lenses


def test_an_error_under_a_lens_fails_the_process_and_leaves_the_whole_state():
    process = run(begin >> count >> focussteps("port")(flaky("Order", [ValueError("no")])))

    assert (process.status, process.failed_reason) == ("failed", "no")
    assert state(process) == {"n": 1}


def test_a_form_under_a_lens_is_asked_about_and_fills_only_its_part():
    @inputstep("Ask")
    def ask(state: State):
        class Page(forms.FormPage):
            n: int = state["n"]

        answer = yield Page
        return {"n": answer.n, "asked": True}

    process = run(begin >> count >> focussteps("port")(sub_count >> ask >> again))
    assert process.status == "suspended", process.failed_reason
    engine.submit(process.pk, inputs=[{"n": 10}], by="piet")
    drain()

    assert state(process) == {"n": 1, "port": {"n": 11, "asked": True}}


def test_a_condition_under_a_lens_sees_the_part():
    wanted, seen = counting(lambda part: part["n"] == 1)

    process = run(begin >> focussteps("port")(count >> conditional(wanted)(again)))

    assert seen == [{"n": 1}]
    assert state(process) == {"port": {"n": 2}}


def test_a_lens_that_raises_fails_the_process():
    process = run(begin >> steplens(lambda state: state["none"], lambda _: dict)(count))

    assert process.status == "failed"
    assert "none" in process.failed_reason


# Timers, time-outs and interruptions


def test_an_operator_may_end_a_timer_early():
    process = run(begin >> sleep_step("Nap", timedelta(days=9)) >> count)
    assert process.due_at
    assert timedelta(days=8) < process.due_at - timezone.now() <= timedelta(days=9)

    engine.resume(process.pk, by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert rows(process)[1] == ("Nap", "success")


def test_a_timer_waits_at_no_cost_until_it_is_due():
    process = run(begin >> sleep_step("Nap", 60) >> count)

    assert (process.status, process.worker) == ("waiting", "")
    assert queue.claim(1) == []
    due = queue.next_due()
    assert due
    assert timedelta(seconds=50) < due <= timedelta(seconds=60)


def test_a_step_that_runs_too_long_is_stopped_and_fails():
    @step("Sleep", timeout=0.05)
    def sleep() -> State:
        time.sleep(60)
        raise AssertionError

    process = run(begin >> sleep)

    assert process.status == "failed"
    assert "timeout of 0.05 s" in process.failed_reason
    assert process.steps.get(path="Sleep").error_class == "TimeoutError"


def test_a_broad_handler_in_a_step_cannot_swallow_its_timeout():
    @step("Sleep", timeout=0.05)
    def sleep() -> State:
        try:
            time.sleep(60)
        except Exception:  # noqa: BLE001 - what an author might do.
            return {"swallowed": True}
        raise AssertionError

    assert run(begin >> sleep).status == "failed"


def test_a_timeout_may_be_tried_again_like_any_failure():
    @step("Sleep", timeout=0.05, retry=Retry(on=(TimeoutError,)))
    def sleep(attempt: int) -> State:
        if attempt == 1:
            time.sleep(60)
        return {"attempt": attempt}

    process = run(begin >> sleep)
    assert process.status == "waiting"
    make_due(process)
    drain()

    assert state(process) == {"attempt": 2}


def test_an_interrupted_step_is_run_again_with_the_same_idempotency_key():
    ran, ran_it = calls()

    @step("Order")
    def order(idempotency_key: str, attempt: int) -> State:
        ran_it((idempotency_key, attempt))
        if len(ran) == 1:
            raise KeyboardInterrupt  # As good as a kill: nothing is recorded.
        return {"ordered": True}

    with pytest.raises(KeyboardInterrupt):
        run(begin >> order)
    process = Process.objects.get()
    assert (process.status, process.next_step) == ("running", "Order")
    make_due(process)
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert ran == [ran[0]] * 2


def test_an_interrupted_step_that_must_not_run_twice_can_be_retried_by_hand():
    ran, ran_it = calls()

    @step("Once", on_interrupt="fail")
    def once(attempt: int) -> State:
        ran_it(attempt)
        if attempt == 1:
            raise KeyboardInterrupt
        return {"done": True}

    with pytest.raises(KeyboardInterrupt):
        run(begin >> once)
    process = Process.objects.get()
    assert rows(process)[-1] == ("Once", "running")
    make_due(process)
    drain()
    process.refresh_from_db()
    assert (process.status, rows(process)[-1]) == ("failed", ("Once", "failed"))

    engine.retry(process.pk, by="maria", reason="nothing was ordered")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert ran == [1, 2]


# Tries


def test_the_same_failure_again_is_one_row_and_another_failure_is_a_row_of_its_own():
    errors = [ConnectionError("away"), ConnectionError("away"), ValueError("odd")]
    process = run(begin >> flaky("Order", [*errors], retry=Retry()))
    for _ in range(3):
        make_due(process)
        drain()

    process.refresh_from_db()
    assert process.status == "completed"
    recorded = process.steps.filter(path="Order").order_by("position")
    assert [(row.status, row.reason, row.attempt) for row in recorded] == [
        ("waiting", "away", 2),
        ("waiting", "odd", 3),
        ("success", "", 4),
    ]


def test_after_its_last_try_the_step_fails_and_a_retry_by_hand_gives_it_all_its_tries_again():
    errors = [ConnectionError(str(number)) for number in range(3)]
    process = run(begin >> flaky("Order", errors, retry=Retry(max_attempts=2)))
    make_due(process)
    drain()
    process.refresh_from_db()
    assert (process.status, process.failed_reason) == ("failed", "1")

    engine.retry(process.pk, by="maria")
    drain()
    process.refresh_from_db()
    assert (process.status, process.failed_reason) == ("waiting", "2")
    make_due(process)
    drain()

    process.refresh_from_db()
    assert (process.status, process.failed_reason) == ("completed", "")


def test_a_failure_that_the_policy_does_not_name_is_final():
    process = run(begin >> flaky("Order", [ValueError("odd")], retry=Retry(on=(ConnectionError,))))

    assert process.status == "failed"


def test_a_step_of_a_group_is_tried_again_by_itself_without_the_rest_of_the_group():
    group = step_group("G", count >> flaky("Order", [ConnectionError()], retry=Retry()))
    process = run(begin >> group)

    make_due(process)
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"n": 1, "Order": True}


def test_a_retrystep_goes_on_at_once_when_an_operator_resumes_it():
    errors = [ConnectionError("away")]

    @retrystep("Order")
    def order() -> State:
        if errors:
            raise errors.pop()
        return {"ordered": True}

    process = run(begin >> order)
    engine.resume(process.pk, by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"


def test_a_pause_that_the_remote_side_asked_for_is_kept_to():
    process = run(begin >> flaky("Order", [RetryAfter(7200, "busy")]))

    assert (process.status, process.failed_reason) == ("waiting", "busy")
    assert process.due_at
    assert process.due_at > timezone.now() + timedelta(seconds=7000)


# Ends


def test_a_workflow_that_forgets_done_completes_all_the_same():
    for chain in (begin >> count, begin >> count >> done, init >> count, init >> count >> done):
        process = run(chain)

        assert process.status == "completed"
        assert process.finished_at
        assert [path for path, _ in rows(process)] == ["Start", "Count", "Done"]


def test_a_workflow_without_steps_completes():
    assert run(begin).status == "completed"


def test_a_failure_of_the_author_s_keeps_its_details():
    error = ProcessFailureError("bad port", {"port": UUID(int=5)})

    process = run(begin >> flaky("Order", [error]))

    failed = process.steps.get(path="Order")
    assert (failed.error_class, failed.reason) == ("ProcessFailureError", "bad port")
    assert failed.details == {"port": "00000000-0000-0000-0000-000000000005"}
    assert "in fragile" in failed.traceback


def gateway_error(code):
    response = requests.Response()
    response.status_code = code
    return requests.HTTPError(f"{code} for url", response=response)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AssertionError("odd"), "inconsistent_data"),
        (InconsistentData("odd"), "inconsistent_data"),
        (ApiUnavailable("away"), "api_unavailable"),
        (requests.ConnectionError("away"), "api_unavailable"),
        (requests.Timeout("away"), "api_unavailable"),
        (gateway_error(502), "api_unavailable"),
        (gateway_error(503), "api_unavailable"),
        (gateway_error(504), "api_unavailable"),
        (gateway_error(500), "failed"),
        (gateway_error(404), "failed"),
        (requests.HTTPError("no answer"), "failed"),
        (ValueError("odd"), "failed"),
    ],
    ids=repr,
)
def test_a_task_s_failure_is_named_by_its_kind_and_a_workflow_s_is_just_a_failure(error, status):
    task = run(begin >> flaky("Look", [error]), is_task=True)
    workflow = run(begin >> flaky("Look", [error]), name="workflow")

    assert (task.status, workflow.status) == (status, "failed")
    engine.retry(task.pk, by="maria")
    drain()
    task.refresh_from_db()
    assert task.status == "completed"


@pytest.mark.parametrize(
    "parking",
    [count, confirm, sleep_step("Nap", 60), flaky("Bad", [ValueError("no")] * 9)],
    ids=["completes", "suspends", "waits", "fails"],
)
def test_a_process_at_rest_has_no_worker_and_one_row_for_each_step(parking):
    process = run(begin >> parking)

    assert process.worker == ""
    assert len(set(rows(process))) == len(rows(process))
    assert queue.claim(1) == []
