"""What operators do to callbacks: every verb, every refusal, and what overruling leads to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel

from callbacks_app import answers, by_hand
from callbacks_app.by_hand import Person
from callbacks_app.errors import (
    AlreadyAnswered,
    CallbackError,
    InvalidPayload,
    NoLongerOpen,
    NotPermitted,
    ReasonMissing,
    UnknownToken,
)
from callbacks_app.models import CallbackAttempt, CallbackToken
from callbacks_app.steps import CallbackHandle, callback_map, callback_step
from tests.callbacks_app.conftest import BAD, GOOD, ask, callback_of, confirm, validate
from tests.engine import drain, events, make_due, run, state
from tests.races import Other
from workflows_app import Retry, State, begin, engine, registry, step
from workflows_app.dsl import StepList
from workflows_app.engine.loading import locked
from workflows_app.models import EngineSettings, Process, ProcessEvent

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "they told us on the phone"
MARIA = Person(name="maria", via="console", reason=WHY)
SILENT = replace(MARIA, reason=" ")
ERROR = {"error_type": "NoLight", "error_message": "no light on the port"}
HOUR = timedelta(hours=1)


class Result(BaseModel):
    return_code: int
    status: str


def timed_out(remote, **options) -> CallbackToken:
    """Return a callback that nobody answered in time, and because of which its process stopped."""
    process = run(begin >> ask(remote, timeout=60, **options) >> confirm)
    callback = callback_of(process)
    past = timezone.now() - timedelta(seconds=1)
    CallbackToken.objects.filter(pk=callback.pk).update(deadline_at=past)
    make_due(process)
    drain()
    return fresh(callback)


def fresh(callback: CallbackToken) -> CallbackToken:
    return by_hand.find(callback.public_id)


def status_of(callback: CallbackToken) -> tuple[str, str]:
    """Return where the process and its callback stand, once nothing is left to be done."""
    drain()
    found = fresh(callback)
    return found.process.status, found.status


def last_event(callback: CallbackToken) -> ProcessEvent:
    return ProcessEvent.objects.filter(process=callback.process_id).latest("pk")


def attempts(callback: CallbackToken) -> list[tuple[str, str, str, str, str]]:
    columns = ("kind", "outcome", "via", "source", "reason")
    return list(callback.attempts.values_list(*columns))


VERBS = {
    "complete": lambda callback, person: by_hand.complete(callback, result=GOOD, person=person),
    "fail": lambda callback, person: by_hand.fail(callback, error=ERROR, person=person),
    "cancel": lambda callback, person: by_hand.cancel(callback, person=person),
    "extend": lambda callback, person: by_hand.extend(callback, span=HOUR, person=person),
}


@pytest.fixture(params=VERBS)
def verb(request):
    return VERBS[request.param]


# What each verb does


def test_a_callback_is_completed_and_the_process_goes_on_through_validation(awaiting):
    callback = callback_of(awaiting)

    assert by_hand.complete(callback, result=GOOD, person=MARIA) == "accepted"

    assert status_of(callback) == ("suspended", "succeeded")
    assert state(awaiting)["callback_result"] == GOOD
    assert state(awaiting)["valid"] is True


def test_what_validation_refuses_fails_the_process_whoever_said_it(awaiting):
    callback = callback_of(awaiting)

    by_hand.complete(callback, result=BAD, person=MARIA)

    assert status_of(callback) == ("failed", "succeeded")


def test_a_callback_is_failed_with_a_type_a_message_and_more(awaiting):
    callback = callback_of(awaiting)

    assert by_hand.fail(callback, error=ERROR | {"error_data": [1]}, person=MARIA) == "accepted"

    assert status_of(callback) == ("failed", "failed")
    awaiting.refresh_from_db()
    assert "NoLight: no light on the port" in awaiting.failed_reason
    assert fresh(callback).error == ERROR | {"error_data": [1]}


def test_a_failure_by_hand_may_be_one_that_the_step_asks_again_after(remote):
    process = run(begin >> ask(remote, retry=Retry(max_attempts=2)) >> confirm)
    first = callback_of(process)

    by_hand.fail(first, error=ERROR | {"retryable": True}, person=MARIA)
    drain()
    make_due(process)
    drain()

    assert callback_of(process).pk != first.pk
    assert status_of(callback_of(process)) == ("awaiting_callback", "awaiting")


def test_a_callback_is_cancelled_and_the_remote_system_told_to_stop(awaiting, remote):
    callback = callback_of(awaiting)

    assert by_hand.cancel(callback, person=MARIA) == "accepted"

    assert status_of(callback) == ("failed", "cancelled")
    told = remote.post("/heartbeat", {})
    assert (told.status_code, told.json()["cancel_requested"]) == (410, True)


def test_a_deadline_is_moved_ahead_and_never_back(remote):
    process = run(begin >> ask(remote, timeout=60) >> confirm)
    callback = callback_of(process)

    by_hand.extend(callback, span=HOUR, person=MARIA)
    by_hand.extend(callback, span=timedelta(seconds=5), person=MARIA)

    until = fresh(callback).deadline_at
    assert until is not None
    assert timedelta(minutes=59) < until - timezone.now() <= HOUR
    assert status_of(callback) == ("awaiting_callback", "awaiting")


def test_an_answer_before_the_wait_is_kept_for_it():
    @step("Run it")
    def run_it(callback_handle: CallbackHandle) -> None:
        callback = by_hand.find(callback_handle.callback_id)
        assert (callback.status, by_hand.fitting(callback)[0]) == ("armed", "complete")
        assert by_hand.complete(callback, result=GOOD, person=MARIA) == "stored_early"

    process = run(begin >> callback_step("Playbook", run_it, validate))

    assert status_of(callback_of(process)) == ("completed", "succeeded")


def test_an_answer_during_a_pause_is_kept_until_its_end(awaiting):
    engine.pause(by="ops")
    callback = callback_of(awaiting)

    assert by_hand.complete(callback, result=GOOD, person=MARIA) == "held"
    assert status_of(callback) == ("resumed", "succeeded")

    engine.unpause(by="ops")
    assert status_of(callback) == ("suspended", "succeeded")
    assert not EngineSettings.objects.get().global_lock


# What is written down


@pytest.mark.parametrize(
    ("verb", "action", "details"),
    [
        ("complete", "answered by hand", {"kind": "result"}),
        ("fail", "answered by hand", {"kind": "failure"}),
        ("cancel", "answered by hand", {"kind": "cancel"}),
        ("extend", "callback extended", {}),
    ],
)
def test_every_act_is_one_entry_with_who_and_why(awaiting, verb, action, details):
    callback = callback_of(awaiting)
    before = len(events(awaiting))

    VERBS[verb](callback, MARIA)

    assert len(events(awaiting)) == before + 1
    event = last_event(callback)
    assert (event.actor, event.action, event.reason) == ("maria", action, WHY)
    assert event.details.items() >= ({"callback": callback.public_id} | details).items()
    kind = {"complete": "result", "fail": "failure"}.get(verb, verb)
    assert attempts(callback) == [(kind, "accepted", "console", "maria", WHY)]


def test_the_callback_knows_who_answered_it_and_how(awaiting):
    callback = callback_of(awaiting)

    by_hand.complete(callback, result=GOOD, person=replace(MARIA, via="command"))

    found = fresh(callback)
    assert (found.answered_by, found.answered_via) == ("maria", "command")
    assert found.answered_at is not None


# What is refused


def test_without_a_reason_nothing_is_done(awaiting, verb):
    callback = callback_of(awaiting)
    before = events(awaiting)

    with pytest.raises(ReasonMissing):
        verb(callback, SILENT)

    assert events(awaiting) == before
    assert status_of(callback) == ("awaiting_callback", "awaiting")


def test_what_was_answered_is_not_answered_again_and_the_try_is_written_down(
    awaiting, remote, verb
):
    remote.post(body=GOOD)
    drain()
    before = events(awaiting)

    with pytest.raises(AlreadyAnswered):
        verb(callback_of(awaiting), MARIA)

    assert events(awaiting) == before
    assert fresh(callback_of(awaiting)).result == GOOD
    assert attempts(callback_of(awaiting))[-1][1:] == ("already_answered", "console", "maria", WHY)


def test_nothing_can_be_done_once_the_process_has_ended(awaiting, verb):
    engine.abort(awaiting.pk, by="ops")
    drain()
    before = events(awaiting)

    with pytest.raises(NoLongerOpen) as refused:
        verb(callback_of(awaiting), MARIA)

    assert refused.value.code == "process_finished"
    assert events(awaiting) == before


def test_a_replaced_callback_leads_to_nothing(remote, verb):
    old = timed_out(remote)
    engine.retry(old.process_id, by="ops")
    drain()

    with pytest.raises(NoLongerOpen):
        verb(fresh(old), MARIA)

    assert status_of(callback_of(old.process)) == ("awaiting_callback", "awaiting")


def test_a_callback_that_expired_before_anybody_noticed_is_too_late_for_people_too(remote, verb):
    process = run(begin >> ask(remote, timeout=60) >> confirm)
    callback = callback_of(process)
    CallbackToken.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(NoLongerOpen) as refused:
        verb(callback, MARIA)

    assert refused.value.code == "expired"


def test_without_a_deadline_there_is_none_to_move(remote):
    callback = callback_of(run(begin >> ask(remote, timeout=None)))

    with pytest.raises(NotPermitted):
        by_hand.extend(callback, span=HOUR, person=MARIA)

    assert by_hand.fitting(callback) == ["complete", "fail", "cancel"]


def test_a_result_must_fit_what_the_step_expects(remote):
    process = run(begin >> ask(remote, payload_model=Result) >> confirm)
    callback = callback_of(process)

    with pytest.raises(InvalidPayload) as refused:
        by_hand.complete(callback, result={"return_code": "x"}, person=MARIA)

    assert [error["loc"] for error in refused.value.facts["errors"]] == [
        ["return_code"],
        ["status"],
    ]
    assert attempts(callback) == [("result", "invalid_payload", "console", "maria", WHY)]
    assert by_hand.complete(callback, result=GOOD, person=MARIA) == "accepted"


@pytest.mark.parametrize("identity", ["", "cb_", "cb_nothing", "cb_" + "0" * 32, "a\0b", "é"])
def test_there_is_nothing_under_a_name_that_is_none(identity, db):
    with pytest.raises(UnknownToken):
        by_hand.find(identity)


def test_a_callback_is_found_by_its_id_and_its_uuid(awaiting):
    callback = callback_of(awaiting)

    assert by_hand.find(callback.public_id) == by_hand.find(callback.uuid) == callback


# Who may


def user(name: str, *permissions: str) -> User:
    made = User.objects.create_user(name)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


def test_it_takes_the_permission(awaiting):
    callback = callback_of(awaiting)
    looker, answerer = user("looker", "view_process"), user("anna", "answer_callback")

    assert by_hand.may(answerer, callback)
    by_hand.require(answerer, callback)
    assert by_hand.allowed(looker, callback) == []
    with pytest.raises(NotPermitted):
        by_hand.require(looker, callback)


def only_maria(who: User) -> bool:
    return who.username == "maria"


def test_it_takes_the_consent_of_the_workflow(playbook):
    callback = callback_of(run(begin >> playbook, authorize=only_maria))

    assert by_hand.may(user("maria", "answer_callback"), callback)
    assert not by_hand.may(user("anna", "answer_callback"), callback)
    assert not by_hand.may(User.objects.create_superuser("root"), callback)


def test_it_takes_the_consent_of_the_step_that_waits(playbook):
    guarded = StepList(
        replace(part, authorize_resume=only_maria) if part.kind == "callback" else part
        for part in playbook
    )
    callback = callback_of(run(begin >> guarded))

    assert by_hand.may(user("maria", "answer_callback"), callback)
    assert not by_hand.may(user("anna", "answer_callback"), callback)


def test_only_what_the_status_admits_is_offered(remote):
    process = run(begin >> ask(remote, timeout=60) >> confirm)
    assert by_hand.fitting(callback_of(process)) == ["complete", "fail", "cancel", "extend"]

    by_hand.cancel(callback_of(process), person=MARIA)
    drain()
    assert by_hand.fitting(fresh(callback_of(process))) == ["complete"]

    by_hand.complete(fresh(callback_of(process)), result=GOOD, person=MARIA)
    assert by_hand.fitting(fresh(callback_of(process))) == []


# Overruling


def end(callback: CallbackToken, how: str) -> CallbackToken:
    """Let the callback end without a result, and the process stop because of it."""
    if how == "failed":
        by_hand.fail(callback, error=ERROR, person=MARIA)
    elif how == "cancelled":
        by_hand.cancel(callback, person=MARIA)
    else:
        CallbackToken.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
        make_due(callback.process)
    assert status_of(callback) == ("failed", how)
    return fresh(callback)


@pytest.mark.parametrize("how", ["timed_out", "failed", "cancelled"])
def test_how_a_callback_ended_is_overruled_and_the_process_goes_on(remote, how):
    process = run(begin >> ask(remote, timeout=60) >> confirm)
    callback = end(callback_of(process), how)
    asked = len(remote.routes)

    assert by_hand.complete(callback, result=GOOD, person=MARIA) == "accepted"

    assert status_of(callback) == ("suspended", "succeeded")
    assert state(process)["callback_result"] == GOOD
    assert state(process)["valid"] is True
    assert len(remote.routes) == asked, "the remote system was asked again"
    assert attempts(callback)[-1] == ("result", "overruled", "console", "maria", WHY)
    found = fresh(callback)
    assert (found.error, found.answered_by, found.answered_via) == (None, "maria", "console")
    acts = events(process)[-2:]
    assert acts == [("maria", "answered by hand"), ("maria", "retried")]
    said = ProcessEvent.objects.get(process=process, details__has_key="instead of")
    assert (said.details["instead of"], said.reason) == (how, WHY)


def test_what_overrules_is_validated_too(remote):
    callback = timed_out(remote)

    by_hand.complete(callback, result=BAD, person=MARIA)

    assert status_of(callback) == ("failed", "succeeded")


def test_what_overrules_must_fit_what_the_step_expects(remote):
    callback = timed_out(remote, payload_model=Result)

    with pytest.raises(InvalidPayload):
        by_hand.complete(callback, result={}, person=MARIA)

    assert status_of(callback) == ("failed", "timed_out")


@pytest.mark.parametrize("name", ["fail", "cancel", "extend"])
def test_only_a_result_overrules(remote, name):
    callback = timed_out(remote)

    with pytest.raises(CallbackError):
        VERBS[name](callback, MARIA)

    assert status_of(callback) == ("failed", "timed_out")


def test_nothing_is_overruled_once_the_process_has_gone_on(remote):
    callback = timed_out(remote)
    engine.skip(callback.process_id, by="ops", reason="known to be done")
    drain()

    with pytest.raises(NoLongerOpen):
        by_hand.complete(fresh(callback), result=GOOD, person=MARIA)


def test_an_earlier_callback_is_not_what_the_process_stands_still_at(remote):
    old = timed_out(remote)
    engine.retry(old.process_id, by="ops")
    drain()
    end(callback_of(old.process), "timed_out")

    with pytest.raises(NoLongerOpen):
        by_hand.complete(fresh(old), result=GOOD, person=MARIA)

    assert by_hand.fitting(callback_of(old.process)) == ["complete"]


def test_one_item_of_a_map_is_overruled(remote):
    routes = remote.routes

    @step("Submit")
    def submit(callback_route: str) -> None:
        routes.append(callback_route)

    @step("Names")
    def names() -> State:
        return {"names": ["a", "b"]}

    process = run(begin >> names >> callback_map("names", submit))
    first, second = CallbackToken.objects.order_by("item")
    remote.post(route=routes[0], body={"n": 0})
    by_hand.fail(second, error=ERROR, person=MARIA)
    assert status_of(second) == ("failed", "failed")

    assert by_hand.fitting(fresh(first)) == []
    by_hand.complete(fresh(second), result={"n": 1}, person=MARIA)

    assert status_of(second) == ("completed", "succeeded")
    assert [entry["result"] for entry in state(process)["callback_results"]] == [
        {"n": 0},
        {"n": 1},
    ]


# Late answers


def late(remote, body=GOOD) -> CallbackAttempt:
    """Let the remote system answer too late, and return what is kept of that."""
    assert remote.post(body=body).status_code == 410
    return CallbackAttempt.objects.get(adoptable=True)


def test_a_late_answer_is_adopted(remote):
    callback = timed_out(remote)
    attempt = late(remote)

    assert by_hand.adopt(attempt, person=MARIA) == "accepted"

    assert status_of(callback) == ("suspended", "succeeded")
    assert state(callback.process)["callback_result"] == GOOD
    assert fresh(callback).answered_by == "maria"


def test_a_late_answer_is_adopted_by_the_newer_callback_that_is_open(remote):
    old = timed_out(remote)
    engine.retry(old.process_id, by="ops")
    drain()
    assert remote.post(route=remote.routes[0], body=GOOD).status_code == 410

    by_hand.adopt(CallbackAttempt.objects.get(adoptable=True), person=MARIA)

    newer = callback_of(old.process)
    assert newer.pk != old.pk
    assert status_of(newer) == ("suspended", "succeeded")
    assert fresh(old).status == "timed_out"
    assert remote.post(body=GOOD).status_code == 409


def test_a_late_answer_is_adopted_once(remote):
    timed_out(remote)
    attempt = late(remote)
    by_hand.adopt(attempt, person=MARIA)

    with pytest.raises(AlreadyAnswered):
        by_hand.adopt(attempt, person=MARIA)


def test_a_late_answer_that_does_not_fit_is_not_adopted(remote):
    callback = timed_out(remote)
    attempt = late(remote)
    CallbackAttempt.objects.update(payload={"something": "else"})
    attempt.refresh_from_db()
    callback_model(callback.process)

    with pytest.raises(InvalidPayload):
        by_hand.adopt(attempt, person=MARIA)

    assert status_of(callback) == ("failed", "timed_out")


def callback_model(process: Process) -> None:
    """Let today's code of the process's workflow expect a ``Result``."""
    options = registry.get(process.workflow.name).step("Playbook/Await callback").options
    object.__setattr__(options, "payload_model", Result)


def test_a_late_answer_is_not_adopted_without_a_reason(remote):
    callback = timed_out(remote)

    with pytest.raises(ReasonMissing):
        by_hand.adopt(late(remote), person=SILENT)

    assert status_of(callback) == ("failed", "timed_out")


def test_what_brought_no_result_cannot_be_adopted(awaiting, remote):
    remote.post("/progress", {"percent": 1})

    with pytest.raises(NotPermitted):
        by_hand.adopt(CallbackAttempt.objects.get(), person=MARIA)

    assert status_of(callback_of(awaiting)) == ("awaiting_callback", "awaiting")


# Two at once


ANNA = replace(MARIA, name="anna")


@pytest.mark.postgresql
def test_of_two_operators_one_wins(awaiting):
    with transaction.atomic():
        locked(awaiting.pk)
        other = Other(
            lambda: by_hand.complete(callback_of(awaiting), result={"by": "anna"}, person=ANNA)
        )
        other.wait_until_locked_out()
        by_hand.complete(callback_of(awaiting), result=GOOD, person=MARIA)

    with pytest.raises(AlreadyAnswered):
        other.ended()
    assert fresh(callback_of(awaiting)).answered_by == "maria"
    assert events(awaiting)[-1:] == [("maria", "answered by hand")]
    assert status_of(callback_of(awaiting)) == ("suspended", "succeeded")


@pytest.mark.postgresql
def test_of_two_who_overrule_one_wins(remote):
    callback = timed_out(remote)
    with transaction.atomic():
        locked(callback.process_id)
        other = Other(lambda: by_hand.complete(fresh(callback), result={"by": "anna"}, person=ANNA))
        other.wait_until_locked_out()
        by_hand.complete(fresh(callback), result=GOOD, person=MARIA)

    with pytest.raises(AlreadyAnswered):
        other.ended()
    assert fresh(callback).result == GOOD
    assert status_of(callback) == ("suspended", "succeeded")


@pytest.mark.postgresql
def test_an_operator_who_waits_for_the_remote_system_s_answer_finds_it(awaiting):
    with transaction.atomic():
        locked(awaiting.pk)
        other = Other(lambda: by_hand.cancel(callback_of(awaiting), person=ANNA))
        other.wait_until_locked_out()
        answers.receive(callback_of(awaiting), answers.Answer(result=GOOD))

    with pytest.raises(AlreadyAnswered):
        other.ended()
    assert status_of(callback_of(awaiting)) == ("suspended", "succeeded")


@pytest.mark.postgresql
def test_an_extension_that_waits_for_an_abort_comes_too_late(remote):
    process = run(begin >> ask(remote, timeout=60))
    with transaction.atomic():
        locked(process.pk)
        other = Other(lambda: by_hand.extend(callback_of(process), span=HOUR, person=ANNA))
        other.wait_until_locked_out()
        engine.abort(process.pk, by="ops")

    with pytest.raises(NoLongerOpen):
        other.ended()
    assert "callback extended" not in dict(events(process)).values()
