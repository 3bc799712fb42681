"""Timeouts, heartbeats, their extension, and what follows when nobody answers."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from callbacks_app import answers
from callbacks_app.attempts import Sender
from callbacks_app.models import CallbackToken
from callbacks_app.steps import (
    CallbackHandle,
    callback_result,
    callback_step,
    create_callback,
)
from tests.callbacks_app.conftest import BAD, GOOD, Remote, ask, callback_of, validate
from tests.engine import drain, make_due, rows, run, state
from workflows_app import Retry, begin, engine, step
from workflows_app.errors import DefinitionError
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)

NOW = Retry(max_attempts=3, backoff=timedelta(0))


def waits(remote: Remote, **options) -> Process:
    process = run(begin >> ask(remote, **options))
    assert process.status == "awaiting_callback", process.failed_reason
    return process


def pass_time(**span) -> None:
    """Let so much of every open callback's time pass."""
    spent = timedelta(**span)
    CallbackToken.objects.filter(deadline_at__isnull=False).update(
        deadline_at=F("deadline_at") - spent
    )
    CallbackToken.objects.filter(heartbeat_due_at__isnull=False).update(
        heartbeat_due_at=F("heartbeat_due_at") - spent
    )


def look_again(process: Process) -> Process:
    """Let the waiting step run when it is due."""
    make_due(process)
    drain()
    process.refresh_from_db()
    return process


def time_left(process: Process) -> timedelta:
    """Return how long the newest callback can still be answered."""
    deadline = callback_of(process).deadline_at
    assert deadline is not None
    return deadline - timezone.now()


def failed(process: Process):
    step = process.steps.filter(status="failed").latest("pk")
    return step.error_class, step.reason, (step.details or {}).get("error_type")


def test_a_timeout_fails_the_step_with_a_type_of_its_own(remote):
    process = waits(remote, timeout=30)
    pass_time(seconds=31)

    look_again(process)

    expected = ("CallbackTimedOut", "Callback timed out after 30 s", "Callback.Timeout")
    assert (process.status, failed(process)) == ("failed", expected)
    assert callback_of(process).status == "timed_out"


def test_an_answer_after_the_deadline_is_late_though_nobody_has_looked(remote):
    waits(remote, timeout=30)
    pass_time(seconds=31)

    for path, body in (("", GOOD), ("/progress", "half"), ("/heartbeat", {})):
        answer = remote.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (410, "expired")


def test_the_process_is_due_at_the_earlier_of_its_two_deadlines(remote):
    process = waits(remote, timeout=3600, heartbeat=60)
    row = CallbackToken.objects.values("heartbeat_due_at", "deadline_at").get()

    assert row["deadline_at"] is not None
    assert row["heartbeat_due_at"] is not None
    assert process.due_at == row["heartbeat_due_at"] < row["deadline_at"]


def test_silence_fails_the_step_with_a_type_of_its_own(remote):
    process = waits(remote, heartbeat=60)
    pass_time(seconds=61)
    assert remote.post(body=GOOD).status_code == 410

    look_again(process)

    reason = "Nothing was heard of the remote system for 60 s"
    assert failed(process) == ("CallbackHeartbeatTimedOut", reason, "Callback.Heartbeat")


@pytest.mark.parametrize(("path", "body"), [("/heartbeat", {}), ("/progress", {"percent": 5})])
def test_heartbeats_and_progress_end_the_silence(remote, path, body):
    process = waits(remote, heartbeat=60)
    for _ in range(3):
        pass_time(seconds=40)
        assert remote.post(path, body).status_code == 200
        assert look_again(process).status == "awaiting_callback"

    assert remote.post(body=GOOD).status_code == 200


def test_no_heartbeat_moves_the_deadline(remote):
    process = waits(remote, timeout=100, heartbeat=60)
    for _ in range(2):
        pass_time(seconds=51)
        remote.post("/heartbeat", {})

    look_again(process)

    assert failed(process)[2] == "Callback.Timeout"


def test_a_heartbeat_is_told_how_the_callback_stands(remote):
    process = waits(remote, heartbeat=60)

    answer = remote.post("/heartbeat", raw=b"")

    callback = callback_of(process)
    assert answer.status_code == 200
    assert answer.json() | {"deadline_at": "", "heartbeat_due_at": ""} == {
        "id": callback.public_id,
        "status": "started",
        "open": True,
        "paused": False,
        "deadline_at": "",
        "heartbeat_due_at": "",
        "code": "accepted",
        "cancel_requested": False,
        "warning": "",
    }


def test_a_heartbeat_that_nobody_misses_is_warned(awaiting, remote):
    assert "no heartbeat" in remote.post("/heartbeat", {}).json()["warning"]


def test_a_heartbeat_of_an_aborted_process_is_told_to_stop_the_work(awaiting, remote):
    engine.abort(awaiting.pk, by="maria")

    answer = remote.post("/heartbeat", {})

    assert answer.status_code == 410
    assert (answer.json()["code"], answer.json()["cancel_requested"]) == ("process_finished", True)


def test_a_heartbeat_after_the_answer_is_gone(awaiting, remote):
    remote.post(body=GOOD)

    answer = remote.post("/heartbeat", {})

    assert (answer.status_code, answer.json()["code"]) == (410, "finished")


def test_the_remote_system_moves_its_deadline_as_far_as_the_step_allows(remote):
    process = waits(remote, timeout=60, extend_limit=600)

    assert remote.post("/heartbeat", {"extend_seconds": 300}).status_code == 200
    ahead = time_left(process)
    assert timedelta(seconds=290) < ahead <= timedelta(seconds=300)

    remote.post("/heartbeat", {"extend_seconds": 10_000})
    ahead = time_left(process)
    assert timedelta(seconds=590) < ahead <= timedelta(seconds=600)

    remote.post("/heartbeat", {"extend_seconds": 5})
    assert time_left(process) > timedelta(seconds=580)


def test_an_extension_that_the_step_does_not_allow_is_refused(remote):
    process = waits(remote, timeout=60)
    before = callback_of(process).deadline_at

    answer = remote.post("/heartbeat", {"extend_seconds": 300})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert callback_of(process).deadline_at == before


@pytest.mark.parametrize("seconds", [0, -1, "soon", 10**12, None])
def test_an_extension_is_a_number_of_seconds(remote, seconds):
    waits(remote, timeout=60, extend_limit=600)

    assert remote.post("/heartbeat", {"extend_seconds": seconds}).status_code == 422


def test_a_step_that_names_no_timeout_has_the_sites(remote, settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"CALLBACK_TIMEOUT_SECONDS": 120}
    assert callback_of(waits(remote)).timeout == timedelta(seconds=120)
    assert callback_of(waits(remote, timeout=None)).timeout is None
    assert callback_of(waits(remote, timeout=5)).timeout == timedelta(seconds=5)


def test_nobody_waits_for_ever_without_having_said_so(remote):
    assert callback_of(waits(remote)).timeout == timedelta(days=7)


def test_a_timeout_can_be_gone_on_from_with_a_default(remote):
    process = waits(remote, timeout=30, on_timeout="continue", default=GOOD)
    pass_time(seconds=31)

    look_again(process)

    assert process.status == "completed"
    assert state(process)["callback_result"] == GOOD
    assert remote.post(body=BAD).status_code == 410


def test_a_timeout_can_be_asked_again_with_a_new_address(remote):
    process = waits(remote, timeout=30, on_timeout="retry", retry=NOW)
    pass_time(seconds=31)
    make_due(process)
    drain()
    process.refresh_from_db()

    assert process.status == "awaiting_callback"
    assert len(set(remote.routes)) == 2
    assert remote.post(route=remote.routes[0], body=GOOD).status_code == 410
    assert remote.post(body=GOOD).status_code == 200
    drain()
    process.refresh_from_db()
    assert process.status == "completed"


def test_asking_again_ends_with_the_policys_attempts_and_begins_anew_by_hand(remote):
    process = waits(remote, timeout=30, on_timeout="retry", retry=NOW)
    for _ in range(3):
        pass_time(seconds=31)
        look_again(process)
    assert (process.status, len(remote.routes)) == ("failed", 3)

    engine.retry(process.pk, by="maria")
    drain()
    for _ in range(2):
        pass_time(seconds=31)
        look_again(process)

    assert (process.status, len(remote.routes)) == ("awaiting_callback", 6)


def test_asking_again_waits_as_long_as_the_policy_says(remote):
    process = waits(remote, timeout=30, on_timeout="retry")
    pass_time(seconds=31)

    look_again(process)

    assert process.status == "waiting"
    assert process.due_at is not None
    assert process.due_at > timezone.now() + timedelta(seconds=40)
    assert process.failed_reason == "Callback timed out after 30 s"
    assert process.next_step == "Playbook/Create callback"


def test_asking_again_forgets_what_the_group_had_changed(remote):
    @step("Order")
    def order(callback_route: str, attempt: int) -> dict[str, int]:
        remote.routes.append(callback_route)
        return {f"order_{attempt}": attempt}

    process = run(
        begin >> callback_step("P", order, validate, timeout=30, on_timeout="retry", retry=NOW)
    )
    pass_time(seconds=31)
    look_again(process)
    remote.post(body=GOOD)
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert "order_1" not in state(process)
    assert state(process)["order_2"] == 2
    assert ("P/Await callback", "failed") in rows(process)


def test_a_retryable_failure_is_asked_again_if_the_step_has_a_policy(remote):
    process = waits(remote, retry=NOW)
    failure = {"error_message": "busy", "retryable": True}

    for expected in ("awaiting_callback", "awaiting_callback", "failed"):
        remote.post("/failure", failure)
        drain()
        process.refresh_from_db()
        assert process.status == expected
    assert len(remote.routes) == 3


@pytest.mark.parametrize(
    ("options", "failure"),
    [
        ({}, {"error_message": "busy", "retryable": True}),
        ({"retry": NOW}, {"error_message": "broken"}),
        ({"retry": NOW}, {"error_message": "broken", "retryable": False}),
    ],
)
def test_another_failure_is_final(remote, options, failure):
    process = waits(remote, **options)

    remote.post("/failure", failure)
    drain()

    process.refresh_from_db()
    assert process.status == "failed"


def test_a_retry_by_hand_while_the_policy_waits_is_tried_at_once(remote):
    process = waits(remote, timeout=30, on_timeout="retry")
    pass_time(seconds=31)
    look_again(process)

    engine.resume(process.pk, by="maria")
    drain()

    process.refresh_from_db()
    assert (process.status, len(remote.routes)) == ("awaiting_callback", 2)


def test_a_remote_system_that_pauses_may_be_silent_until_it_goes_on(remote):
    process = waits(remote, heartbeat=60)
    answers.set_paused(callback_of(process), Sender(), paused=True)
    assert look_again(process).due_at != callback_of(process).heartbeat_due_at
    assert callback_of(process).heartbeat_due_at is None
    make_due(process)
    drain()
    assert look_again(process).status == "awaiting_callback"

    answers.set_paused(callback_of(process), Sender(), paused=False)
    drain()

    process.refresh_from_db()
    due = callback_of(process).heartbeat_due_at
    assert due is not None
    assert process.due_at is not None
    assert process.due_at <= due
    pass_time(seconds=61)
    assert look_again(process).status == "failed"


def test_a_pause_before_the_wait_counts_when_it_begins(remote):
    @step("Pause")
    def pause(callback_handle: CallbackHandle) -> None:
        remote.routes.append(callback_handle.route)
        row = CallbackToken.objects.get(public_id=callback_handle.callback_id)
        answers.set_paused(row, Sender(), paused=True)

    process = run(begin >> callback_step("P", pause, validate, heartbeat=60))

    assert process.status == "awaiting_callback"
    assert callback_of(process).heartbeat_due_at is None


def test_going_on_without_having_paused_changes_no_deadline(remote):
    approval = create_callback("Approval", heartbeat=60)

    @step("Go on")
    def go_on(approval: CallbackHandle) -> None:
        row = CallbackToken.objects.get(public_id=approval.callback_id)
        answers.set_paused(row, Sender(), paused=False)

    process = run(begin >> approval >> go_on >> callback_result(approval))

    assert callback_of(process).heartbeat_due_at is not None


def test_no_answer_is_late_because_of_a_pause_of_ours(remote):
    waits(remote, timeout=30)
    engine.pause(by="maria")
    pass_time(seconds=31)

    assert remote.post(body=GOOD).json() == {"code": "held"}


def test_a_deadline_that_passed_in_a_pause_is_moved_by_its_length(remote):
    process = waits(remote, timeout=30, heartbeat=10)
    engine.pause(by="maria")
    begin_pause(seconds=100)
    pass_time(seconds=50)
    engine.unpause(by="maria")

    assert look_again(process).status == "awaiting_callback"
    assert time_left(process) > timedelta(seconds=70)
    assert remote.post(body=GOOD).status_code == 200


def test_a_deadline_before_the_pause_is_not_forgiven(remote):
    process = waits(remote, timeout=30)
    pass_time(seconds=200)
    engine.pause(by="maria")
    begin_pause(seconds=100)
    engine.unpause(by="maria")

    assert remote.post(body=GOOD).status_code == 410
    assert look_again(process).status == "failed"


def begin_pause(**earlier) -> None:
    """Let the pause that is have begun so much earlier."""
    from workflows_app.models import EngineSettings

    EngineSettings.objects.update(paused_at=F("paused_at") - timedelta(**earlier))


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"heartbeat": 0},
        {"extend_limit": -5},
        {"on_timeout": "shrug"},
        {"default": GOOD},
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(remote, options):
    with pytest.raises(DefinitionError):
        ask(remote, **options)
