"""The test kit's remote system: answers, failures, progress and expiry without a request."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from callbacks_app.errors import InvalidPayload
from callbacks_app.models import CallbackStatus
from callbacks_app.steps import (
    CallbackHandle,
    callback_map,
    callback_result,
    callback_step,
    confirm_callback,
    create_callback,
)
from callbacks_app.testing import (
    complete_callback,
    expire_callback,
    fail_callback,
    open_callback,
    report_progress,
)
from tests.callbacks_app.conftest import BAD, GOOD, callback_of
from tests.engine import define
from tests.workflows_app.test_testing import run_tests
from workflows_app import Retry, State, StepList, begin, step
from workflows_app.testing import (
    Run,
    assert_awaiting_callback,
    assert_complete,
    assert_failed,
    assert_step_failed,
    assert_suspended,
    assert_waiting,
    resume,
    retry,
    run_workflow,
)

pytestmark = pytest.mark.django_db


class Report(BaseModel):
    return_code: int


@step("Order it")
def order_it(callback_url: str) -> State:
    return {"ordered": callback_url.startswith("http")}


@step("Look")
def look(callback_result: dict[str, Any]) -> None:
    assert callback_result["return_code"] == 0, "the playbook failed"


def run_one(**options: Any) -> Run:
    return run_workflow(define(begin >> callback_step("Playbook", order_it, look, **options)))


def test_an_answer_lets_the_process_go_on():
    chain = callback_step("Playbook", order_it, look) >> confirm_callback("Confirm")
    run = run_workflow(define(begin >> chain))

    assert_awaiting_callback(run, "Playbook")
    complete_callback(run, GOOD)

    assert_suspended(run, "Confirm")
    assert run.state["callback_result"] == GOOD
    assert_complete(resume(run))


@pytest.mark.django_db(transaction=True)
def test_an_answer_counts_with_committed_transactions_too():
    assert_complete(complete_callback(run_one(), GOOD))


def test_a_bad_result_fails_the_validation_and_a_retry_asks_again():
    run = complete_callback(run_one(), BAD)

    assert_step_failed(run, "Look", match="the playbook failed")
    first = callback_of(run.process)
    assert_awaiting_callback(retry(run), "Playbook")
    assert open_callback(run).pk != first.pk
    assert_complete(complete_callback(run, GOOD))


def test_a_result_that_the_step_refuses_leaves_the_callback_open():
    run = run_one(payload_model=Report)

    with pytest.raises(InvalidPayload) as refused:
        complete_callback(run, {"return_code": "none"})

    assert refused.value.__notes__[0].startswith("return_code: ")
    assert_awaiting_callback(run)
    assert_complete(complete_callback(run, {"return_code": 0}))


def test_a_failure_fails_the_step_with_what_the_remote_system_said():
    run = fail_callback(run_one(), "no light", error_type="Optics", data={"port": 1})

    assert_failed(run, match="no light")
    (row,) = (row for row in run.steps if row.status == "failed")
    assert row.details is not None
    assert (row.details["error_type"], row.details["error_data"]) == ("Optics", {"port": 1})


def test_a_retryable_failure_waits_for_the_next_try():
    run = run_one(retry=Retry(max_attempts=2, backoff=timedelta(hours=1)))

    assert_waiting(fail_callback(run, "busy", retryable=True))
    assert_awaiting_callback(resume(run))
    assert_complete(complete_callback(run, GOOD))


def test_progress_is_shown_and_the_process_goes_on_waiting():
    run = report_progress(run_one(), {"percent": 40})

    assert_awaiting_callback(run)
    assert run.steps[-1].progress == {"percent": 40}
    assert 'progress: {"percent": 40}' in run.timeline


def test_the_time_of_a_callback_is_up_when_the_test_says_so():
    run = expire_callback(run_one(timeout=7200))

    assert_failed(run, match="timed out after 2:00:00")
    assert callback_of(run.process).status == CallbackStatus.TIMED_OUT


def test_the_longest_silence_ends_when_the_test_says_so():
    run = run_one(heartbeat=60, timeout=None)

    with pytest.raises(AssertionError, match="has no timeout running"):
        expire_callback(run)
    assert_failed(expire_callback(run, silence=True), match="Nothing was heard")


def test_what_follows_a_timeout_follows():
    run = run_one(on_timeout="continue", default=GOOD)

    assert_complete(expire_callback(run))
    assert run.state["callback_result"] == GOOD


def test_the_callbacks_of_a_map_are_answered_one_by_one():
    @step("Configure one")
    def configure(item: dict[str, Any], callback_url: str) -> None: ...

    @step("List them")
    def list_them() -> State:
        return {"ports": [{"n": 1}, {"n": 2}, {"n": 3}]}

    run = run_workflow(define(begin >> list_them >> callback_map("ports", configure)))

    complete_callback(run, "third", item=2)
    complete_callback(run, "first")
    assert_awaiting_callback(run)
    complete_callback(run, "second")
    assert_complete(run)
    assert [one["result"] for one in run.state["callback_results"]] == ["first", "second", "third"]


def test_a_callback_can_be_answered_before_the_process_waits_for_it():
    approval = create_callback("Approval", timeout=60)
    run = run_workflow(define(approval >> confirm_in_between() >> callback_result(approval)))
    assert_suspended(run, "Meanwhile")

    complete_callback(run, {"approved": True})

    assert_suspended(run, "Meanwhile")
    assert_complete(resume(run))


def test_a_callback_can_expire_before_the_process_waits_for_it():
    approval = create_callback("Approval", timeout=60)
    run = run_workflow(define(approval >> confirm_in_between() >> callback_result(approval)))

    assert_suspended(expire_callback(run), "Meanwhile")
    assert_failed(resume(run), match="timed out")


def test_a_callback_that_nobody_waits_for_moves_no_process():
    run = run_workflow(define(begin >> create_callback("Approval", timeout=60)))

    assert_complete(run)
    assert_complete(expire_callback(run))


def confirm_in_between() -> StepList:
    @step("Pass on")
    def pass_on(approval: CallbackHandle) -> State:
        return {"callback_result": {"sent": approval.url.startswith("http")}}

    return pass_on >> confirm_callback("Meanwhile")


def test_that_nothing_is_open_is_said_with_the_timeline():
    run = complete_callback(run_one(), GOOD)

    for act in (complete_callback, fail_callback, expire_callback):
        with pytest.raises(AssertionError, match=r"(?s)no callback is open.*Playbook/Look"):
            act(run)
    with pytest.raises(AssertionError, match="no callback is open for item 3"):
        complete_callback(run, item=3)
    with pytest.raises(AssertionError, match="resume: it awaits a callback"):
        resume(run_one())


TESTS = """
    from callbacks_app.steps import wait_for_callback
    from workflows_app import begin, step, workflow


    @step("Ask")
    def ask(callback_url: str): ...


    @workflow("An order")
    def asked_on_the_fly():
        return begin >> wait_for_callback(ask, timeout=60, heartbeat=30)


    def test_one(
        run_workflow, complete_callback, fail_callback, report_progress, expire_callback
    ):
        for act in complete_callback, fail_callback, expire_callback:
            run = run_workflow(asked_on_the_fly)
            report_progress(run, "half")
            act(run)
        assert run.status == "completed"
"""


def test_as_a_plugin_it_brings_the_other_one_along(run_tests):
    said = run_tests(TESTS, plugin="callbacks_app.testing")

    assert "1 failed" in said
    assert "asked_on_the_fly · failed · by tester" in said
    assert "Callback timed out after 60 s" in said


__all__ = ["run_tests"]
