"""Callbacks from the shell: one verb each, and a refusal is the command's error."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pydantic import BaseModel

from callbacks_app.management.commands.answer_callback import Command
from callbacks_app.models import CallbackAttempt, CallbackToken
from tests.callbacks_app.conftest import GOOD, ask, callback_of, confirm
from tests.engine import drain, events, make_due, run, state
from workflows_app import begin, engine
from workflows_app.management.process_commands import actor
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)

WHY = ("--reason", "they told us on the phone")


class Result(BaseModel):
    return_code: int


def command(*arguments: object) -> str:
    out = StringIO()
    call_command("answer_callback", *map(str, arguments), stdout=out, stderr=out)
    return out.getvalue().strip()


def open_callback(remote, **options) -> CallbackToken:
    return callback_of(run(begin >> ask(remote, **options) >> confirm))


def let_it_expire(callback: CallbackToken) -> None:
    CallbackToken.objects.filter(pk=callback.pk).update(deadline_at=timezone.now())
    make_due(callback.process)
    drain()


def test_a_callback_is_completed_in_the_name_of_whoever_sits_there(remote):
    callback = open_callback(remote)
    result = '{"return_code": 0, "status": "ok"}'

    assert command(callback, "--result", result, *WHY) == "accepted"

    drain()
    assert state(callback.process)["valid"] is True
    assert events(callback.process)[-1] == (actor(), "answered by hand")
    callback.refresh_from_db()
    assert (callback.answered_by, callback.answered_via) == (actor(), "command")


def test_a_result_is_read_from_a_file(remote, tmp_path):
    callback = open_callback(remote)
    (tmp_path / "result").write_text("[1, 2]")

    command(callback, "--result-file", tmp_path / "result", *WHY)

    callback.refresh_from_db()
    assert callback.result == [1, 2]


def test_a_file_that_is_not_there_is_an_error(remote, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        command(open_callback(remote), "--result-file", tmp_path / "nothing", *WHY)


def test_a_callback_is_failed(remote):
    callback = open_callback(remote)
    more = ("--error-type", "NoLight", "--error-data", '{"port": 7}', "--retryable")

    command(callback, "--fail", "no light", *more, *WHY)

    callback.refresh_from_db()
    assert callback.error == {
        "error_type": "NoLight",
        "error_message": "no light",
        "error_data": {"port": 7},
        "retryable": True,
    }


def test_a_callback_is_cancelled(remote):
    callback = open_callback(remote)

    assert command(callback, "--cancel", *WHY) == "accepted"

    callback.refresh_from_db()
    assert callback.status == "cancelled"


def test_a_deadline_is_extended(remote):
    callback = open_callback(remote, timeout=60)

    said = command(callback, "--extend", 3600, *WHY)

    callback.refresh_from_db()
    assert callback.deadline_at is not None
    assert said == f"expires at {callback.deadline_at:%Y-%m-%d %H:%M:%S} UTC"
    assert (callback.deadline_at - timezone.now()).total_seconds() > 3500


def test_a_late_answer_is_adopted(remote):
    callback = open_callback(remote, timeout=60)
    let_it_expire(callback)
    remote.post(body=GOOD)

    command(callback, "--adopt", CallbackAttempt.objects.get().pk, *WHY)
    drain()

    assert state(Process.objects.get())["callback_result"] == GOOD


def test_how_a_callback_ended_is_overruled(remote):
    callback = open_callback(remote, timeout=60)
    let_it_expire(callback)

    command(callback.uuid, "--result", '{"return_code": 0, "status": "ok"}', *WHY)
    drain()

    assert Process.objects.get().status == "suspended"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--cancel",), "must say why"),
        (("--result", "{", *WHY), "is not JSON"),
        (("--fail", "x", "--error-data", "{", *WHY), "is not JSON"),
        (("--result", '{"return_code": "x"}', *WHY), "return_code: Input should be"),
        (("--adopt", "1", *WHY), "no such request"),
        (("--extend", "5", *WHY), "no deadline to move"),
    ],
)
def test_a_refusal_is_the_command_s_error(remote, arguments, sentence):
    callback = open_callback(remote, payload_model=Result, timeout=None)

    with pytest.raises(CommandError, match=sentence):
        command(callback, *arguments)

    callback.refresh_from_db()
    assert callback.status == "awaiting"


def test_what_has_ended_is_refused(remote):
    callback = open_callback(remote)
    remote.post(body=GOOD)

    with pytest.raises(CommandError, match="Another answer came first"):
        command(callback, "--cancel", *WHY)


@pytest.mark.parametrize("name", ["nothing", "cb_" + "0" * 32])
def test_an_unknown_callback_is_refused(name):
    with pytest.raises(CommandError, match="no such callback"):
        command(name, "--cancel", *WHY)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "one of the arguments"),
        (("cb_1",), "one of the arguments"),
        (("--cancel", *WHY), "name the callback"),
        (("cb_1", "--cancel", "--fail", "x", *WHY), "not allowed with"),
        (("cb_1", "--extend", "soon", *WHY), "number of seconds from 1"),
        (("cb_1", "--extend", "0", *WHY), "number of seconds from 1"),
        (("cb_1", "--extend", "nan", *WHY), "number of seconds from 1"),
    ],
)
def test_what_the_command_cannot_mean_is_refused(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        command(*arguments)


def test_the_open_callbacks_are_listed_with_their_ids(remote):
    first = open_callback(remote, timeout=60)
    ended = open_callback(remote)
    remote.post(body=GOOD)
    last = open_callback(remote, timeout=None)

    listed = command("--list").splitlines()

    assert [line.split()[0] for line in listed] == [last.public_id, first.public_id]
    assert f"{first.process_id}  example · Playbook/Await callback · until " in listed[1]
    assert listed[0].endswith("no deadline")
    assert command("--list", "--process", first.process_id).split()[0] == first.public_id
    assert command("--list", "--process", ended.process_id) == ""


def test_a_process_that_is_over_has_no_open_callback(remote):
    callback = open_callback(remote)
    engine.abort(callback.process_id, by="ops")
    drain()

    assert command("--list") == ""


def test_the_help_names_every_way():
    shown = Command().create_parser("manage.py", "answer_callback").format_help()

    for option in ("--result", "--result-file", "--fail", "--cancel", "--extend", "--adopt"):
        assert option in shown
