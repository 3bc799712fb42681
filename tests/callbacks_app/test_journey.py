"""One callback from the address to the confirmed result."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from callbacks_app import signing, tokens
from callbacks_app.models import CallbackToken
from callbacks_app.steps import callback_step
from tests.callbacks_app.conftest import BAD, GOOD, callback_of, confirm, validate
from tests.engine import drain, rows, run, state
from workflows_app import State, begin, engine, focussteps, step, step_group
from workflows_app.models import Process, ProcessEvent, ProcessStep

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_result_is_validated_confirmed_and_the_process_completes(awaiting, remote):
    assert remote.post(body=GOOD).json() == {"code": "accepted"}
    drain()
    awaiting.refresh_from_db()
    assert awaiting.status == "suspended"

    engine.submit(awaiting.pk, inputs=[{}], by="maria")
    drain()

    awaiting.refresh_from_db()
    assert awaiting.status == "completed"
    assert state(awaiting)["callback_result"] == GOOD
    assert rows(awaiting) == [
        ("Start", "success"),
        ("Playbook/Create callback", "success"),
        ("Playbook/Run it", "success"),
        ("Playbook/Await callback", "success"),
        ("Playbook/Validate", "success"),
        ("Confirm", "success"),
        ("Done", "success"),
    ]


def test_a_bad_result_fails_the_step_and_a_retry_asks_again_with_a_new_address(awaiting, remote):
    remote.post(body=BAD)
    drain()
    awaiting.refresh_from_db()
    assert (awaiting.status, awaiting.failed_reason) == ("failed", "Callback failure")
    assert awaiting.steps.get(status="failed").details == BAD

    engine.retry(awaiting.pk, by="maria")
    drain()

    awaiting.refresh_from_db()
    assert awaiting.status == "awaiting_callback"
    assert "callback_result" not in state(awaiting), "the first answer was not forgotten"
    assert len(set(remote.routes)) == 2
    assert remote.post(route=remote.routes[0], body=GOOD).status_code == 409
    assert remote.post(body=GOOD).status_code == 200
    assert callback_of(awaiting).attempt == 2


def test_an_address_that_a_retry_replaced_is_gone(awaiting, remote):
    Process.objects.filter(pk=awaiting.pk).update(status="failed", due_at=None)
    engine.retry(awaiting.pk, by="maria")
    drain()

    answer = remote.post(route=remote.routes[0], body=GOOD)

    assert (answer.status_code, answer.json()["code"]) == (410, "superseded")
    assert remote.post(body=GOOD).status_code == 200


def test_an_early_answer_is_kept(playbook, remote):
    @step("Answers at once")
    def eager(callback_route: str) -> None:
        remote.routes.append(callback_route)
        answer = remote.post(body=GOOD)
        assert (answer.status_code, answer.json()["code"]) == (202, "stored_early")

    process = run(begin >> callback_step("Playbook", eager, validate))

    assert process.status == "completed", process.failed_reason
    assert state(process)["callback_result"] == GOOD


def test_an_answer_during_a_pause_is_held_and_acted_on_afterwards(awaiting, remote):
    engine.pause(by="maria")
    answer = remote.post(body=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (202, "held")
    assert drain() == 0

    engine.unpause(by="maria")
    drain()

    awaiting.refresh_from_db()
    assert awaiting.status == "suspended"


def test_an_early_answer_during_a_pause_is_kept_until_the_process_waits_for_it(remote):
    @step("Run it")
    def run_it(callback_route: str) -> None:
        engine.pause(by="maria")
        assert remote.post(route=callback_route, body=GOOD).json() == {"code": "held"}

    process = run(begin >> callback_step("Playbook", run_it, validate))
    assert process.status == "resumed"

    engine.unpause(by="maria")
    drain()

    process.refresh_from_db()
    assert (process.status, state(process)["valid"]) == ("completed", True)


def test_the_route_can_have_another_name_and_the_result_another_key(remote):
    @step("Run it")
    def run_it(my_route: str, callback_url: str, progress_url: str) -> None:
        assert callback_url.endswith(my_route)
        assert progress_url.endswith("/progress")
        remote.routes.append(my_route)

    @step("Look")
    def look(answer: dict[str, Any]) -> State:
        return {"seen": answer}

    process = run(
        begin >> callback_step("P", run_it, look, "answer", callback_route_key="my_route")
    )
    remote.post(body={"x": 1})
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process)["seen"] == {"x": 1}


def test_two_callback_steps_have_addresses_of_their_own(remote):
    @step("Run it")
    def run_it(callback_route: str) -> None:
        remote.routes.append(callback_route)

    process = run(
        begin
        >> callback_step("First", run_it, validate)
        >> step_group("Outer", callback_step("Second", run_it, validate))
    )
    remote.post(body=GOOD)
    drain()
    process.refresh_from_db()
    assert process.next_step == "Outer/Second/Await callback"

    assert remote.post(route=remote.routes[0], body=GOOD).status_code == 409
    assert remote.post(body=GOOD).status_code == 200
    drain()

    process.refresh_from_db()
    assert process.status == "completed"


def test_a_callback_step_works_on_a_part_of_the_state(remote):
    @step("Run it")
    def run_it(callback_route: str) -> None:
        remote.routes.append(callback_route)

    process = run(begin >> focussteps("port")(callback_step("P", run_it, validate)))
    remote.post(body=GOOD)
    drain()

    process.refresh_from_db()
    assert process.status == "completed", process.failed_reason
    assert state(process)["port"]["callback_result"] == GOOD


def test_a_step_that_is_run_again_after_a_crash_hands_out_the_same_address(remote, playbook):
    crashes = [True]

    @step("Run it")
    def run_it(callback_route: str) -> None:
        remote.routes.append(callback_route)
        if crashes:
            crashes.clear()
            raise KeyboardInterrupt  # As good as a kill: nothing is recorded.

    with pytest.raises(KeyboardInterrupt):
        run(begin >> callback_step("Playbook", run_it, validate))
    Process.objects.update(due_at=timezone.now())
    drain()

    assert len(remote.routes) == 2
    assert remote.routes[0] == remote.routes[1]


def test_the_token_is_stored_nowhere(remote):
    @step("Leaks")
    def leaks(state: State, callback_route: str, callback_url: str) -> State:
        remote.routes.append(callback_route)
        return {**state, "sent": {"callback": callback_url}, "note": f"see {callback_route}"}

    process = run(begin >> callback_step("Playbook", leaks, validate))
    token = signing.make(callback_of(process))

    stored = json.dumps(
        [
            list(model.objects.values())
            for model in (Process, ProcessStep, ProcessEvent, CallbackToken)
        ],
        default=str,
    )
    assert token not in stored
    assert token.rpartition(".")[2] not in stored
    assert state(process)["callback_route"] == {"$callback": callback_of(process).public_id}
    assert remote.post(body=GOOD).status_code == 200


def test_a_failing_action_does_not_show_the_token(remote):
    @step("Fails")
    def fails(callback_url: str) -> None:
        raise RuntimeError(f"could not reach the runner for {callback_url}")

    process = run(begin >> callback_step("Playbook", fails, validate))
    token = signing.make(callback_of(process))

    failed = process.steps.get(status="failed")
    assert "could not reach the runner" in failed.reason
    assert token not in failed.reason + failed.traceback + process.failed_reason


def test_a_reported_failure_fails_the_step_with_its_type_message_and_data(awaiting, remote):
    failure = {
        "error_type": "NoLight",
        "error_message": "port down",
        "error_data": {"port": "ge-0"},
    }
    assert remote.post("/failure", failure).status_code == 200
    drain()

    awaiting.refresh_from_db()
    failed = awaiting.steps.get(status="failed")
    assert (awaiting.status, failed.error_class, failed.reason) == (
        "failed",
        "CallbackFailed",
        f"NoLight: port down (callback {callback_of(awaiting).public_id})",
    )
    assert failed.details["error_data"] == {"port": "ge-0"}
    assert failed.path == "Playbook/Await callback"


def test_progress_is_shown_replaced_and_gone_after_the_answer(awaiting, remote):
    waiting = awaiting.steps.get(status="awaiting_callback")
    for body in ({"percent": 10}, "halfway", ["TASK [x]"]):
        assert remote.post("/progress", body).status_code == 200
        waiting.refresh_from_db()
        assert waiting.progress == body
    assert remote.post("/progress", raw="plain text", content_type="text/plain").status_code == 200
    waiting.refresh_from_db()
    assert waiting.progress == "plain text"

    remote.post(body=GOOD)
    drain()

    waiting.refresh_from_db()
    assert (waiting.status, waiting.progress) == ("success", None)
    assert callback_of(awaiting).progress is None
    late = remote.post("/progress", {"percent": 99})
    assert (late.status_code, late.json()["code"]) == (410, "finished")


def test_progress_that_comes_before_the_wait_is_shown_when_it_begins(remote):
    @step("Quick")
    def quick(callback_route: str) -> None:
        remote.routes.append(callback_route)
        assert remote.post("/progress", {"percent": 5}).status_code == 200

    process = run(begin >> callback_step("Playbook", quick, validate))

    assert process.steps.get(status="awaiting_callback").progress == {"percent": 5}


def test_the_wait_ends_at_its_deadline_exactly(remote):
    @step("Run it")
    def run_it(callback_route: str) -> None:
        remote.routes.append(callback_route)

    process = run(begin >> callback_step("P", run_it, validate, timeout=60))
    deadline = callback_of(process).deadline_at
    assert process.due_at == deadline

    # The sweep is late: nobody has run the step, and yet the answer comes too late.
    past = timezone.now() - timedelta(seconds=1)
    CallbackToken.objects.update(deadline_at=past)
    answer = remote.post(body=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (410, "expired")
    Process.objects.update(due_at=past)
    drain()

    process.refresh_from_db()
    assert (process.status, process.failed_reason) == ("failed", "Callback timed out after 60 s")
    engine.retry(process.pk, by="maria")
    drain()
    assert remote.post(body=GOOD).status_code == 200


def test_a_due_wait_that_has_not_expired_waits_on(awaiting):
    Process.objects.filter(pk=awaiting.pk).update(due_at=timezone.now())
    drain()

    awaiting.refresh_from_db()
    assert awaiting.status == "awaiting_callback"
    assert awaiting.steps.filter(status="awaiting_callback").count() == 1


def test_an_aborted_process_takes_no_answer(awaiting, remote):
    engine.abort(awaiting.pk, by="maria")

    answer = remote.post(body=GOOD)

    assert (answer.status_code, answer.json()["code"]) == (410, "process_finished")
    assert remote.post("/progress", "x").status_code == 410
    assert remote.get().json()["open"] is False


def test_renaming_the_step_while_it_waits_never_skips_its_validation(awaiting, remote, playbook):
    from tests.engine import define

    @step("Run it")
    def run_it(callback_route: str) -> None:
        remote.routes.append(callback_route)

    define(begin >> callback_step("Renamed", run_it, validate) >> confirm)
    assert remote.post(body=BAD).status_code == 200
    drain()

    awaiting.refresh_from_db()
    assert awaiting.status == "failed"
    assert "no longer part of the workflow" in awaiting.failed_reason
    engine.retry(awaiting.pk, by="maria", from_step="Renamed/Create callback")
    drain()
    remote.post(body=GOOD)
    drain()
    awaiting.refresh_from_db()
    assert awaiting.status == "suspended"


def test_a_manual_resume_cannot_take_the_place_of_the_answer(awaiting):
    from workflows_app.errors import WrongStatus

    with pytest.raises(WrongStatus):
        engine.resume(awaiting.pk, by="maria")
    with pytest.raises(WrongStatus):
        engine.submit(awaiting.pk, inputs=[{}], by="maria")
    with pytest.raises(WrongStatus):
        engine.retry(awaiting.pk, by="maria")
    assert tokens.route(callback_of(awaiting))
