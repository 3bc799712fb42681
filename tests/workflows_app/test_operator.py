"""What an operator may do to a process, and that each act is in the action log once."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.engine import calls, define, drain, events, make_due, rows, run, state
from workflows_app import (
    Retry,
    State,
    begin,
    conditional,
    engine,
    forms,
    inputstep,
    queue,
    retrystep,
    sleep_step,
    step,
    step_group,
)
from workflows_app.errors import NotJSON, UnknownProcess, UnknownStep, WrongStatus
from workflows_app.models import Process, ProcessEvent

pytestmark = pytest.mark.django_db(transaction=True)


@step("Before")
def before() -> State:
    return {"n": 1}


@step("Boom")
def boom(n: int, mended: bool = False) -> State:
    if not mended:
        raise RuntimeError("boom")
    return {"n": n + 1}


@step("After")
def after() -> State:
    return {"after": True}


@inputstep("Confirm", assignee="NOC")
def confirm():
    class Page(forms.FormPage):
        n: int

    answer = yield Page
    return answer.model_dump()


@retrystep("Away")
def away() -> State:
    raise ConnectionError("away")


PARKED: dict[str, Any] = {
    "created": None,
    "suspended": confirm,
    "waiting": sleep_step("Nap", 60),
    "retrying": away,
    "failed": boom,
    "completed": after,
}


def parked(where: str, **options: Any) -> Process:
    """Return a process that rests in the status of that name."""
    if where == "created":
        return engine.start(define(begin >> before >> after, **options), by="maria")
    process = run(begin >> before >> PARKED[where] >> step("Last")(lambda: None), **options)
    assert process.status == ("waiting" if where == "retrying" else where)
    return process


def last_event(process: Process) -> ProcessEvent:
    event = process.events.order_by("-pk").first()
    assert event
    return event


# Retry


def test_a_retry_runs_the_failed_step_again_and_says_who_asked():
    process = parked("failed")
    assert process.steps.get(path="Boom").traceback

    engine.edit_state(process.pk, values={"mended": True}, by="piet", reason="link is up")
    engine.retry(process.pk, by="maria", reason="try again")
    drain()

    process.refresh_from_db()
    assert (process.status, process.failed_reason) == ("completed", "")
    assert state(process) == {"n": 2, "mended": True}
    assert events(process) == [
        ("maria", "started"),
        ("piet", "state edited"),
        ("maria", "retried"),
    ]
    retried = last_event(process)
    assert (retried.reason, retried.details) == ("try again", {"from": "Boom"})


def test_a_failed_step_can_be_retried_without_end():
    process = parked("failed")

    for _ in range(5):
        engine.retry(process.pk, by="maria")
        drain()

    assert [path for path, _ in rows(process)].count("Boom") == 6
    attempts = process.steps.filter(path="Boom").order_by("position")
    assert [row.attempt for row in attempts] == [1, 2, 3, 4, 5, 6]


def test_a_retry_may_go_on_from_another_step():
    process = parked("failed")

    engine.retry(process.pk, by="maria", from_step="Last")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert last_event(process).details == {"from": "Last"}


@pytest.mark.parametrize("path", ["Gone", "", "Clean-up/After"])
def test_a_retry_from_a_step_that_is_not_there_is_refused_and_changes_nothing(path):
    process = parked("failed", cleanup=after)

    with pytest.raises(UnknownStep):
        engine.retry(process.pk, by="maria", from_step=path)

    process.refresh_from_db()
    assert (process.status, process.next_step) == ("failed", "Boom")
    assert events(process) == [("maria", "started")]


@pytest.mark.parametrize("where", ["created", "suspended", "waiting", "completed"])
def test_only_a_failed_process_can_be_retried_skipped_or_edited(where):
    process = parked(where)

    for verb in (
        lambda: engine.retry(process.pk, by="maria"),
        lambda: engine.retry(process.pk, by="maria", from_step="Before"),
        lambda: engine.skip(process.pk, by="maria", reason="no"),
        lambda: engine.edit_state(process.pk, values={"n": 5}, by="maria", reason="no"),
    ):
        with pytest.raises(WrongStatus):
            verb()

    assert events(process) == [("maria", "started")]
    assert Process.objects.get(pk=process.pk).status == process.status


def test_a_running_process_cannot_be_resumed_retried_skipped_or_edited():
    refused, refuse = calls()

    @step("Meddle")
    def meddle(process_id: UUID) -> None:
        for verb in (
            lambda pk: engine.resume(pk, by="piet"),
            lambda pk: engine.retry(pk, by="piet"),
            lambda pk: engine.skip(pk, by="piet", reason="no"),
            lambda pk: engine.edit_state(pk, values={}, by="piet", reason="no"),
            lambda pk: engine.submit(pk, inputs=[], by="piet"),
            lambda pk: engine.delete(pk, by="piet"),
        ):
            with pytest.raises(WrongStatus) as error:
                verb(process_id)
            refuse(error.value.actual)

    process = run(begin >> meddle, is_task=True)

    assert process.status == "completed"
    assert refused == ["running"] * 6


# Resume


@pytest.mark.parametrize("where", ["waiting", "retrying"])
def test_a_process_that_waits_for_a_time_can_be_let_go_on(where):
    process = parked(where)

    engine.resume(process.pk, by="piet", reason="now")

    process.refresh_from_db()
    assert process.status == "resumed"
    assert len(queue.claim(5)) == 1
    assert events(process) == [("maria", "started"), ("piet", "resumed")]


@pytest.mark.parametrize("where", ["created", "suspended", "failed", "completed"])
def test_nothing_else_can_be_resumed(where):
    process = parked(where)

    with pytest.raises(WrongStatus):
        engine.resume(process.pk, by="maria")

    assert events(process) == [("maria", "started")]


def test_two_resumes_run_the_step_once():
    ran, ran_it = calls()

    @retrystep("Order", retry=Retry())
    def order(attempt: int) -> None:
        ran_it(attempt)
        if attempt == 1:
            raise ConnectionError("away")

    process = run(begin >> order)
    engine.resume(process.pk, by="maria")
    with pytest.raises(WrongStatus):
        engine.resume(process.pk, by="piet")
    drain()

    assert ran == [1, 2]


# Skip


def test_a_failed_step_can_be_skipped_visibly():
    process = parked("failed")

    engine.skip(process.pk, by="piet", reason="done by hand")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"n": 1}
    assert rows(process)[2:] == [
        ("Boom", "failed"),
        ("Boom", "skipped"),
        ("Last", "success"),
        ("Done", "success"),
    ]
    skipped = last_event(process)
    assert (skipped.actor, skipped.action, skipped.reason) == ("piet", "skipped", "done by hand")
    assert skipped.details == {"step": "Boom"}
    assert process.steps.get(path="Boom", status="skipped").by == "piet"


def test_skipping_a_step_of_a_group_goes_on_inside_the_group():
    process = run(begin >> before >> step_group("G", boom >> after))

    engine.skip(process.pk, by="piet", reason="done by hand")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert rows(process)[-2:] == [("G/After", "success"), ("Done", "success")]


# Edit


def test_an_edit_of_the_state_keeps_what_was_there_in_the_log():
    process = parked("failed")

    engine.edit_state(process.pk, values={"n": 5, "new": [1]}, by="piet", reason="typo")

    assert state(process) == {"n": 5, "new": [1]}
    process.refresh_from_db()
    assert (process.status, process.next_step) == ("failed", "Boom")
    edited = last_event(process)
    assert (edited.actor, edited.action, edited.reason) == ("piet", "state edited", "typo")
    assert edited.details == {"before": {"n": 1, "new": None}, "after": {"n": 5, "new": [1]}}


def test_an_edit_that_cannot_be_stored_is_refused():
    process = parked("failed")

    for value in (float("nan"), "\0", object()):
        with pytest.raises(NotJSON, match="the new state"):
            engine.edit_state(process.pk, values={"n": value}, by="piet", reason="typo")

    assert state(process) == {"n": 1}
    assert events(process) == [("maria", "started")]


# Abort


@pytest.mark.parametrize("where", [where for where in PARKED if where != "completed"])
def test_a_process_at_rest_is_aborted_at_once(where):
    process = parked(where)

    engine.abort(process.pk, by="piet", reason="wrong customer")
    drain()

    process.refresh_from_db()
    assert (process.status, process.assignee) == ("aborted", "")
    assert process.finished_at
    assert queue.claim(1) == []
    assert events(process) == [("maria", "started"), ("piet", "aborted")]
    assert last_event(process).reason == "wrong customer"
    assert not process.steps.filter(completed_at=None).exists()


def test_a_process_aborted_before_its_first_claim_never_runs():
    process = parked("created")

    engine.abort(process.pk, by="piet")
    drain()

    assert rows(process) == [("Start", "success")]


def test_a_process_aborted_between_claim_and_run_never_runs():
    process = parked("created")
    (claim,) = queue.claim(1)

    engine.abort(process.pk, by="piet")
    engine.advance(claim)
    make_due(process)
    drain()

    process.refresh_from_db()
    assert (process.status, process.due_at, process.worker) == ("aborted", None, "")
    assert rows(process) == [("Start", "success")]


@pytest.mark.parametrize("outcome", ["returns", "raises", "waits", "skips a block"])
def test_an_abort_during_a_step_stands_whatever_the_step_leads_to(outcome):
    def meddle(process_id: UUID) -> State:
        engine.abort(process_id, by="piet")
        if outcome != "returns":
            raise RuntimeError("after the abort")
        return {"kept": True}

    def judge(_state):
        engine.abort(Process.objects.get().pk, by="piet")
        return False

    slow = step("Slow", retry=Retry() if outcome == "waits" else None, atomic=False)(meddle)
    chain = conditional(judge)(before) if outcome == "skips a block" else slow
    process = run(begin >> chain >> after)

    assert process.status == "aborted"
    assert (process.due_at, process.worker) == (None, "")
    assert "After" not in dict(rows(process))
    assert len(rows(process)) == 2
    assert not process.steps.filter(completed_at=None).exists()
    assert queue.claim(1) == []
    assert events(process) == [("maria", "started"), ("piet", "aborted")]


def test_an_aborted_or_completed_process_stays_as_it_is():
    aborted, completed = parked("suspended"), parked("completed", name="other")
    engine.abort(aborted.pk, by="piet")

    for process in (aborted, completed):
        before_ = Process.objects.get(pk=process.pk).status
        for verb in (
            lambda pk: engine.abort(pk, by="maria"),
            lambda pk: engine.retry(pk, by="maria"),
            lambda pk: engine.resume(pk, by="maria"),
            lambda pk: engine.skip(pk, by="maria", reason=""),
            lambda pk: engine.submit(pk, inputs=[{"n": 1}], by="maria"),
        ):
            with pytest.raises(WrongStatus):
                verb(process.pk)
        assert Process.objects.get(pk=process.pk).status == before_


def test_clean_up_steps_run_one_after_the_other_even_if_one_fails():
    @step("Release")
    def release(n: int) -> State:
        raise RuntimeError(f"{n} is stuck")

    @step("Tell")
    def tell() -> State:
        return {"told": True}

    process = parked("suspended", cleanup=begin >> release >> tell)
    engine.abort(process.pk, by="piet")
    drain()

    process.refresh_from_db()
    assert (process.status, process.due_at, process.worker) == ("aborted", None, "")
    assert process.failed_reason == "Release: 1 is stuck"
    assert rows(process)[-3:] == [
        ("Confirm", "aborted"),
        ("Clean-up/Release", "failed"),
        ("Clean-up/Tell", "success"),
    ]
    assert state(process)["told"] is True


def test_a_clean_up_step_that_asks_for_another_try_gets_it():
    errors = [ConnectionError("away")]

    @retrystep("Release")
    def release() -> State:
        if errors:
            raise errors.pop()
        return {"released": True}

    process = parked("waiting", cleanup=release)
    engine.abort(process.pk, by="piet")
    drain()
    assert Process.objects.get().due_at
    make_due(process)
    drain()

    assert Process.objects.get().due_at is None
    assert state(process)["released"] is True


def test_a_condition_among_the_clean_up_steps_is_kept_to():
    @step("Release")
    def release() -> State:
        return {"released": True}

    def holds(state, n):
        return state["n"] == n

    for n, released in ((1, True), (2, None)):
        cleanup = conditional(partial(holds, n=n))(release)
        process = parked("suspended", cleanup=cleanup, name=f"example_{n}")
        engine.abort(process.pk, by="piet")
        drain()

        process.refresh_from_db()
        assert process.due_at is None
        assert state(process).get("released") is released


def test_clean_up_follows_a_step_that_was_running_at_the_abort():
    @step("Slow", atomic=False)
    def slow(process_id: UUID) -> State:
        engine.abort(process_id, by="piet")
        return {"ordered": True}

    @step("Cancel")
    def cancel(ordered: bool) -> State:
        return {"cancelled": ordered}

    process = run(begin >> slow >> after, cleanup=cancel)

    assert rows(process) == [
        ("Start", "success"),
        ("Slow", "success"),
        ("Clean-up/Cancel", "success"),
    ]
    assert state(process) == {"ordered": True, "cancelled": True}


def test_clean_up_does_not_begin_while_the_aborted_step_still_runs():
    @step("Slow", atomic=False)
    def slow(process_id: UUID) -> State:
        engine.abort(process_id, by="piet")
        return {"claimed": len(queue.claim(5))}

    process = run(begin >> slow, cleanup=after)

    assert state(process) == {"claimed": 0, "after": True}


def test_an_abort_after_the_worker_s_death_closes_what_it_left_open():
    @step("Once", on_interrupt="fail")
    def once() -> None:
        raise KeyboardInterrupt  # As good as a kill: nothing is recorded.

    with pytest.raises(KeyboardInterrupt):
        run(begin >> once)
    process = Process.objects.get()
    engine.abort(process.pk, by="piet")
    make_due(process)
    drain()

    process.refresh_from_db()
    assert (process.status, process.due_at, process.worker) == ("aborted", None, "")
    assert rows(process)[-1] == ("Once", "aborted")


# Notes and deletion


def test_a_note_is_changed_whatever_the_status_and_its_history_is_kept():
    process = parked("completed")

    engine.set_note(process.pk, note="  see ticket 5 ", by="piet")
    engine.set_note(process.pk, note="", by="maria")

    process.refresh_from_db()
    assert process.note == ""
    assert events(process)[1:] == [("piet", "note changed"), ("maria", "note changed")]
    assert last_event(process).details == {"before": "see ticket 5", "after": ""}


def test_a_task_that_has_ended_can_be_deleted_and_the_log_keeps_who_did_it():
    process = parked("completed", is_task=True)
    pk = process.pk

    engine.delete(pk, by="piet", reason="noise")

    assert not Process.objects.exists()
    deleted = ProcessEvent.objects.get(action="deleted")
    assert (deleted.actor, deleted.reason) == ("piet", "noise")
    assert deleted.details == {"process": str(pk), "workflow": "example"}


@pytest.mark.parametrize(
    ("where", "is_task"), [("completed", False), ("failed", True), ("suspended", True)]
)
def test_what_was_done_for_a_customer_and_what_has_not_ended_is_never_deleted(where, is_task):
    process = parked(where, is_task=is_task)

    with pytest.raises(WrongStatus):
        engine.delete(process.pk, by="piet")

    assert Process.objects.filter(pk=process.pk).exists()
    assert not ProcessEvent.objects.filter(action="deleted").exists()


# All of them


@pytest.mark.parametrize(
    ("where", "verb", "action"),
    [
        ("suspended", lambda pk: engine.submit(pk, inputs=[{"n": 1}], by="piet"), "resumed"),
        ("waiting", lambda pk: engine.resume(pk, by="piet"), "resumed"),
        ("failed", lambda pk: engine.retry(pk, by="piet"), "retried"),
        ("failed", lambda pk: engine.skip(pk, by="piet", reason="r"), "skipped"),
        (
            "failed",
            lambda pk: engine.edit_state(pk, values={"n": 2}, by="piet", reason="r"),
            "state edited",
        ),
        ("failed", lambda pk: engine.abort(pk, by="piet"), "aborted"),
        ("completed", lambda pk: engine.set_note(pk, note="x", by="piet"), "note changed"),
    ],
)
def test_every_act_of_an_operator_is_one_row_of_the_action_log(where, verb, action):
    process = parked(where)
    ProcessEvent.objects.all().delete()

    verb(process.pk)
    drain()

    assert events(process) == [("piet", action)]


@pytest.mark.parametrize(
    "verb",
    [
        lambda pk: engine.submit(pk, inputs=[], by="piet"),
        lambda pk: engine.resume(pk, by="piet"),
        lambda pk: engine.retry(pk, by="piet"),
        lambda pk: engine.skip(pk, by="piet", reason=""),
        lambda pk: engine.edit_state(pk, values={}, by="piet", reason=""),
        lambda pk: engine.abort(pk, by="piet"),
        lambda pk: engine.delete(pk, by="piet"),
        lambda pk: engine.set_note(pk, note="", by="piet"),
    ],
    ids=["submit", "resume", "retry", "skip", "edit_state", "abort", "delete", "set_note"],
)
def test_a_process_that_does_not_exist_is_refused_by_every_verb(verb):
    with pytest.raises(UnknownProcess):
        verb(uuid4())

    assert not ProcessEvent.objects.exists()
