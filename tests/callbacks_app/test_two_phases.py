"""A callback as durable functions know it: created by one step, waited for by another."""

import pytest

from callbacks_app import answers, signing, waits
from callbacks_app.models import CallbackToken
from callbacks_app.steps import CallbackHandle, callback_result, create_callback, wait_for_callback
from tests.callbacks_app.conftest import GOOD, callback_of
from tests.engine import define, drain, make_due, run, state
from workflows_app import State, begin, engine, step, step_group
from workflows_app.errors import DefinitionError
from workflows_app.models import ProcessStep

pytestmark = pytest.mark.django_db(transaction=True)


def chain(remote, *, between=begin, **options):
    """Return: create, hand over, what is ``between``, wait."""
    approval = create_callback("Approval", **options)

    @step("Ask")
    def ask(approval: CallbackHandle) -> State:
        remote.routes.append(approval.route)
        return {"asked": approval.callback_id}

    return begin >> approval >> ask >> between >> callback_result(approval)


def test_other_steps_run_between_handing_out_and_waiting(remote):
    @step("Prepare")
    def prepare() -> State:
        return {"prepared": True}

    process = run(chain(remote, between=begin >> prepare))

    assert process.status == "awaiting_callback"
    assert state(process)["prepared"]
    assert remote.post(body={"approver": "alice"}).json() == {"code": "accepted"}
    drain()
    process.refresh_from_db()
    assert (process.status, state(process)["callback_result"]) == (
        "completed",
        {"approver": "alice"},
    )


def test_an_answer_before_the_wait_is_kept(remote):
    @step("Answer at once")
    def answer_at_once() -> None:
        assert remote.post(body=GOOD).json() == {"code": "stored_early"}

    process = run(chain(remote, between=begin >> answer_at_once))

    assert process.status == "completed", process.failed_reason
    assert state(process)["callback_result"] == GOOD


def test_the_state_shows_the_id_and_never_the_token(remote):
    process = run(chain(remote))

    callback = callback_of(process)
    assert state(process) == {
        "approval": {"$callback": callback.public_id},
        "asked": callback.public_id,
    }


def test_what_a_step_returns_of_a_handle_is_scrubbed(remote):
    approval = create_callback("Approval", key="ticket")

    @step("Leak")
    def leak(ticket: CallbackHandle) -> State:
        return {"url": ticket.url, "said": f"<{ticket.token}>", "again": ticket}

    @step("Fail")
    def fail(ticket: CallbackHandle) -> None:
        raise RuntimeError(f"no answer from {ticket.progress_url}")

    process = run(begin >> approval >> leak >> fail)

    callback = callback_of(process)
    everything = str(list(ProcessStep.objects.values())) + process.failed_reason
    assert signing.make(callback) not in everything
    assert signing.make(callback, scope="progress") not in everything
    assert state(process)["again"] == {"$callback": callback.public_id}


def test_the_time_counts_from_the_creation(remote):
    looked = []

    @step("Look")
    def look() -> None:
        looked.append(CallbackToken.objects.get().deadline_at)

    run(chain(remote, between=begin >> look, timeout=60, heartbeat=30))

    assert looked == [CallbackToken.objects.get().deadline_at]
    assert looked[0] is not None


def test_a_callback_that_expires_before_the_wait_fails_it(remote):
    @step("Dawdle")
    def dawdle() -> None:
        CallbackToken.objects.update(deadline_at="2026-01-01T00:00:00Z")
        assert remote.post(body=GOOD).status_code == 410

    process = run(chain(remote, between=begin >> dawdle, timeout=60))

    failed = process.steps.get(status="failed")
    assert (failed.path, failed.error_class) == ("Result of Approval", "CallbackTimedOut")


def test_several_are_outstanding_at_once(remote):
    routes: dict[str, str] = {}
    one, two = create_callback("One"), create_callback("Two")

    @step("Ask both")
    def ask(one: CallbackHandle, two: CallbackHandle) -> None:
        routes.update(one=one.route, two=two.route)

    process = run(
        begin
        >> one
        >> two
        >> ask
        >> callback_result(one, result_key="first")
        >> callback_result(two, result_key="second")
    )
    assert remote.post(route=routes["two"], body=2).json() == {"code": "stored_early"}
    assert remote.post(route=routes["one"], body=1).json() == {"code": "accepted"}
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert (state(process)["first"], state(process)["second"]) == (1, 2)


def test_progress_is_shown_at_the_step_that_waits(remote):
    process = run(chain(remote))
    remote.post("/progress", {"percent": 40})

    assert process.steps.get(status="awaiting_callback").progress == {"percent": 40}


def test_a_failure_carries_id_type_and_message(remote):
    process = run(chain(remote))
    remote.post("/failure", {"error_type": "RejectionError", "error_message": "declined"})
    drain()

    failed = process.steps.get(status="failed")
    identity = callback_of(process).public_id
    assert failed.error_class == "CallbackFailed"
    assert failed.reason == f"RejectionError: declined (callback {identity})"
    assert (failed.details or {})["callback"] == identity


def test_a_retry_of_the_group_asks_anew_and_the_first_is_stopped(remote):
    process = run(begin >> step_group("Approve", chain(remote)))
    remote.post("/failure", {"error_message": "declined"})
    drain()
    engine.retry(process.pk, by="maria")
    drain()

    assert len(set(remote.routes)) == 2
    assert remote.post(route=remote.routes[0], body=GOOD).status_code == 409
    assert remote.post(body=GOOD).status_code == 200


def test_a_group_that_is_retried_while_it_waits_elsewhere_closes_the_first(remote):
    fails = [True]

    @step("Fail once")
    def fail_once() -> None:
        if fails:
            fails.clear()
            raise RuntimeError("once")

    process = run(begin >> step_group("Approve", chain(remote, between=begin >> fail_once)))
    engine.retry(process.pk, by="maria")
    drain()

    late = remote.post(route=remote.routes[0], body=GOOD)
    assert (late.status_code, late.json()["code"]) == (410, "superseded")
    assert remote.client.get(remote.routes[0]).json()["status"] == "stopped"


def test_the_statuses_are_those_of_durable_functions(remote):
    seen = []

    def look(route):
        seen.append(remote.client.get(route).json()["status"])

    run(chain(remote))
    look(remote.routes[-1])
    remote.post(body=1)
    look(remote.routes[-1])
    run(chain(remote))
    remote.post("/failure", {"error_message": "x"})
    look(remote.routes[-1])
    third = run(chain(remote, timeout=60))
    CallbackToken.objects.filter(process=third).update(deadline_at="2026-01-01T00:00:00Z")
    make_due(third)
    drain()
    look(remote.routes[-1])
    fourth = run(chain(remote))
    answers.receive(callback_of(fourth), answers.Answer.cancellation())
    look(remote.routes[-1])
    fifth = run(chain(remote))
    engine.abort(fifth.pk, by="maria")
    look(remote.routes[-1])

    assert seen == ["started", "succeeded", "failed", "timed_out", "cancelled", "stopped"]


def test_a_cancelled_callback_fails_its_step(remote):
    process = run(chain(remote))
    answers.receive(callback_of(process), answers.Answer.cancellation())
    drain()

    process.refresh_from_db()
    assert process.status == "failed"
    assert process.steps.get(status="failed").error_class == "CallbackCancelled"


def test_wait_for_callback_is_a_step_without_validation(remote):
    @step("Submit")
    def submit(callback_handle: CallbackHandle, callback_url: str) -> None:
        assert callback_handle.url == callback_url
        remote.routes.append(callback_handle.route)

    process = run(begin >> wait_for_callback(submit, result_key="answer", timeout=60))
    remote.post(body=[1, 2])
    drain()

    process.refresh_from_db()
    assert (process.status, state(process)["answer"]) == ("completed", [1, 2])


def test_a_failing_submitter_fails_the_process_at_once():
    @step("Submit")
    def submit(callback_url: str) -> None:
        raise RuntimeError("runner away")

    process = run(begin >> wait_for_callback(submit))

    assert (process.status, process.failed_reason) == ("failed", "runner away")


def test_only_a_created_callback_can_be_waited_for():
    @step("Other")
    def other() -> None: ...

    with pytest.raises(DefinitionError, match="create_callback"):
        callback_result(other)


@pytest.mark.parametrize("name", ["!!!", "1st approval"])
def test_a_name_that_makes_no_key_needs_one(name):
    with pytest.raises(DefinitionError, match="key="):
        create_callback(name)
    assert create_callback(name, key="approval").name == name


def test_a_state_without_the_handle_fails_the_wait(remote):
    approval = create_callback("Approval")

    @step("Lose it")
    def lose_it() -> State:
        return {"approval": None}

    process = run(begin >> approval >> lose_it >> callback_result(approval))

    assert process.status == "failed"
    assert "no callback under 'approval'" in process.failed_reason


@pytest.mark.postgresql
def test_an_answer_that_was_read_before_the_wait_began_wakes_the_process(remote):
    """It knows of no waiting step yet; the process parks while it waits for the lock."""
    from concurrent.futures import ThreadPoolExecutor

    from tests.callbacks_app.test_races import in_thread, waiting_for_locks
    from tests.cluster.processes import until

    posts, original = [], waits.settled

    def slow(callbacks, context):
        found = original(callbacks, context)
        stale = CallbackToken.objects.get(pk=callbacks[0].pk)
        stale.waits_at = ""
        posts.append(in_thread(pool, answers.receive, stale, answers.Answer(result=GOOD)))
        until(waiting_for_locks(), "the answer waits for the parking step")
        return found

    with ThreadPoolExecutor(1) as pool, pytest.MonkeyPatch.context() as patched:
        patched.setattr(waits, "settled", slow)
        process = run(chain(remote))
        assert posts[0].result() == "accepted"
        patched.undo()
        drain()

    process.refresh_from_db()
    assert process.status == "completed"


def test_its_spans_lead_from_the_start_to_the_answer(remote, exporter):
    started = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    asked = "00-11111111111111111111111111111111-2222222222222222-01"
    process = engine.start(define(chain(remote)), by="maria", traceparent=started)
    drain()
    remote.post(body=GOOD, headers={"traceparent": asked})

    created, answered = exporter.get_finished_spans()
    for span in (created, answered):
        assert span.name == "durable_operation"
        assert dict(span.attributes) == {
            "op.name": "Approval",
            "op.type": "callback",
            "op.id": callback_of(process).public_id,
        }
    assert f"{created.context.trace_id:032x}" == started.split("-")[1]
    assert f"{answered.context.trace_id:032x}" == asked.split("-")[1]
    assert [link.context.span_id for link in answered.links] == [created.context.span_id]


def test_looking_again_makes_no_span(remote, exporter):
    process = run(chain(remote))
    make_due(process)
    drain()

    assert len(exporter.get_finished_spans()) == 1
