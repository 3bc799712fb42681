"""Processes from the shell: one call of the engine each, and a refusal is the command's error."""

import json
import os
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from tests.engine import define, drain, events, run, state
from tests.labels import label
from workflows_app import State, begin, engine, forms, inputstep, sleep_step, step
from workflows_app.management.process_commands import actor
from workflows_app.models import Process

NOBODY = UUID(int=404)  # The id of no process.
pytestmark = pytest.mark.django_db(transaction=True)


@step("Order")
def order(broken: bool = False) -> State:
    if broken:
        raise RuntimeError("no light")
    return {"ordered": True}


@inputstep("Confirm")
def confirm():
    class Page(forms.FormPage):
        n: int

    page = yield Page
    return page.model_dump()


class Start(forms.FormPage):
    broken: bool


def command(*arguments: object) -> str:
    out = StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


def test_a_process_is_started_with_its_form_and_its_id_is_printed():
    name = define(begin >> order, initial_input_form=Start)

    printed = command("start_process", name, "--input", '[{"broken": false}]')

    process = Process.objects.get()
    assert printed.strip() == str(process.pk)
    assert process.created_by == actor()
    assert state(process) == {"broken": False}


def test_the_same_key_starts_one_process():
    name = define(begin >> order)

    assert command("start_process", name, "--key", "k") == command(
        "start_process", name, "--key", "k"
    )

    assert Process.objects.count() == 1


def test_a_start_may_wait_for_a_process_that_is_there_already():
    name = define(begin >> order)
    command("start_process", name, "--key", "k")
    drain()

    printed = command("start_process", name, "--key", "k", "--wait")

    assert printed.splitlines()[-1] == "completed"


def test_waiting_for_a_process_that_fails_is_an_error():
    name = define(begin >> order, initial_input_form=Start)
    arguments = ("start_process", name, "--input", '[{"broken": true}]', "--key", "k")
    command(*arguments)
    drain()

    with pytest.raises(CommandError, match="the process is failed"):
        command(*arguments, "--wait")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("nonsense", "--input is not JSON"),
        ("5", "--input"),
        ("null", "--input"),
        ('{"broken": false}', "--input"),
        ("[5]", "not an object"),
        ("[]", '"status": 510'),
        ('[{"broken": 7}]', '"status": 400'),
        ('[{"broken": false}, {}]', "fewer pages"),
    ],
)
def test_input_that_does_not_fill_the_form_is_the_command_s_error(given, why):
    name = define(begin >> order, initial_input_form=Start)

    with pytest.raises(CommandError, match=why):
        command("start_process", name, "--input", given)

    assert not Process.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("start_process", "nothing"),
        ("process", NOBODY),
        ("resume_process", NOBODY),
        ("abort_process", NOBODY),
        ("process", "not-an-id"),
    ],
    ids=label,
)
def test_what_does_not_exist_is_the_command_s_error(arguments):
    with pytest.raises(CommandError):
        command(*arguments)


def test_a_process_is_shown_with_its_steps_its_log_and_its_state():
    process = run(begin >> order >> confirm)
    engine.set_note(process.pk, note="see ticket 5", by="piet")

    shown = command("process", process.pk)

    assert "suspended · by maria" in shown
    for line in ("success", "Order", "Confirm", "maria started", "piet note changed"):
        assert line in shown
    assert json.loads(shown[shown.index("{") :]) == {"ordered": True}
    assert json.loads(command("process", process.pk, "--json")) == {"ordered": True}


def test_a_failure_is_shown_with_its_reason():
    process = run(begin >> order, inputs=({"broken": True},), initial_input_form=Start)

    shown = command("process", process.pk)

    assert "RuntimeError: no light" in shown


def test_a_suspended_process_is_answered():
    process = run(begin >> confirm >> order)

    with pytest.raises(CommandError, match='"status": 510'):
        command("resume_process", process.pk)
    command("resume_process", process.pk, "--input", '[{"n": 5}]')
    drain()

    process.refresh_from_db()
    assert (process.status, state(process)["n"]) == ("completed", 5)
    assert events(process)[-1] == (actor(), "resumed")


def test_a_waiting_process_is_let_go_on():
    process = run(begin >> sleep_step("Nap", 60) >> order)

    command("resume_process", process.pk, "--reason", "now")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert process.events.filter(action="resumed", reason="now").exists()


def test_a_failed_process_is_retried_from_where_it_failed_or_from_another_step():
    process = run(begin >> order, inputs=({"broken": True},), initial_input_form=Start)

    command("resume_process", process.pk)
    drain()
    process.refresh_from_db()
    assert process.status == "failed"
    command("resume_process", process.pk, "--from-step", "Done")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    with pytest.raises(CommandError, match="the process is completed"):
        command("resume_process", process.pk)


def test_a_process_is_aborted_with_a_reason():
    process = run(begin >> confirm)

    command("abort_process", process.pk, "--reason", "wrong customer")

    process.refresh_from_db()
    assert process.status == "aborted"
    assert process.events.filter(actor=actor(), reason="wrong customer").exists()
    with pytest.raises(CommandError, match="already ended"):
        command("abort_process", process.pk)


def test_the_actor_is_who_sits_at_the_terminal_even_without_a_name(monkeypatch):
    assert actor().endswith(" (shell)")

    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)  # As in a container of its own user.

    assert actor() == "4242424 (shell)"
