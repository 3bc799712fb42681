"""The command that gives an action execution's result, as Mistral's document has it."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from callbacks_app.steps import async_noop
from tests.callbacks_app.conftest import callback_of
from tests.engine import drain, events, run, state
from workflows_app import begin
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)


def ends(process: Process) -> tuple[str, str]:
    """Return where a process stands after all that can be done, and why."""
    drain()
    process.refresh_from_db()
    return process.status, process.failed_reason


def update(process: Process, *arguments: str) -> str:
    output = StringIO()
    identity = callback_of(process).uuid
    call_command("action_execution_update", identity, *arguments, stdout=output)
    return output.getvalue()


def test_a_human_gives_the_result_by_the_command_of_the_document():
    process = run(begin >> async_noop("one_plus_two"))

    printed = update(process, "--state", "SUCCESS", "--output", "3")

    assert ends(process) == ("completed", "")
    assert state(process)["callback_result"] == 3
    assert callback_of(process).uuid in printed
    assert "SUCCESS" in printed
    assert [action for _actor, action in events(process)].count("answered by hand") == 1


def test_a_manual_step_waits_for_its_callback(db):
    process = run(begin >> async_noop("Pull the cable", result_key="pulled"))
    assert process.status == "awaiting_callback"

    call_command(
        "action_execution_update",
        callback_of(process).uuid,
        state="SUCCESS",
        output='{"cable": 7}',
        stdout=StringIO(),
    )

    assert ends(process) == ("completed", "")
    assert state(process)["pulled"] == {"cable": 7}


@pytest.mark.parametrize("output", ["0", "false", '""', "null", "[]", "{}", '"[1]"', "1.5"])
def test_the_command_keeps_every_output_as_it_is(output):
    process = run(begin >> async_noop("Manual"))

    update(process, "--state", "SUCCESS", "--output", output)

    drain()
    assert state(process)["callback_result"] == json.loads(output)


def test_the_output_may_be_the_name_of_a_file(tmp_path):
    process = run(begin >> async_noop("Manual"))
    file = tmp_path / "output.json"
    file.write_text('{"vlan": 7}')

    update(process, "--state", "SUCCESS", "--output", str(file))

    drain()
    assert state(process)["callback_result"] == {"vlan": 7}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--state", "SUCCESS", "--output", "{"], "neither JSON nor the name of a file"),
        (["--state", "SUCCESS", "--output", "/nowhere"], "neither JSON nor the name of a file"),
        (["--state", "success"], "invalid choice"),
        ([], "required"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(arguments, sentence):
    process = run(begin >> async_noop("Manual"))

    with pytest.raises(CommandError, match=sentence):
        update(process, *arguments)

    assert callback_of(process).status == "awaiting"


def test_a_refusal_is_the_commands_error():
    process = run(begin >> async_noop("Manual"))
    update(process, "--state", "SUCCESS", "--output", "3")

    with pytest.raises(CommandError, match="Another answer came first"):
        update(process, "--state", "SUCCESS", "--output", "4")
    with pytest.raises(CommandError, match="Invalid state transition from SUCCESS to RUNNING"):
        update(process, "--state", "RUNNING")
    with pytest.raises(CommandError, match="no such callback"):
        call_command("action_execution_update", "cb_0", state="SUCCESS")


def test_the_command_records_who_and_why_and_prints_json_if_asked():
    process = run(begin >> async_noop("Manual"))

    printed = update(process, "--state", "ERROR", "--output", '"cut"', "--reason", "a digger", "-j")

    resource = json.loads(printed)
    assert (resource["state"], resource["state_info"]) == ("ERROR", "cut")
    attempt = callback_of(process).attempts.get()
    assert (attempt.via, attempt.reason, attempt.kind) == ("command", "a digger", "failure")
    assert ends(process) == ("failed", attempt_message(process))


def attempt_message(process: Process) -> str:
    return f"Mistral.ERROR: cut (callback {callback_of(process).public_id})"
