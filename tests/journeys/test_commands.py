"""Processes from the shell, and what the shell is told about a wrong word."""

import json
import uuid

import pytest
from django.core.management import CommandError, call_command

from tests.journeys.programs import manage
from workflows_app.models import Process, ProcessEvent, Workflow

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

UNKNOWN = str(uuid.uuid4())


def test_a_process_is_started_shown_answered_and_completed(site, client, system):
    system.before_it_takes_an_order = system.answer
    order = json.dumps([{"system": system.address, "vlan": 7}])

    started = site.manage("start_process", "remote_order", "--input", order, "--wait")
    process, status = started.split()
    assert status == "suspended"

    shown = site.manage("process", process)
    assert "Order at a remote system · suspended · by" in shown
    assert "Playbook/Evaluate result" in shown
    assert "(shell) started" in shown
    assert json.loads(site.manage("process", process, "--json"))["vlan"] == 7

    answered = site.manage("resume_process", process, "--input", "[{}]", "--wait")
    assert answered.split() == ["completed"]
    assert client.show(process)["status"] == "completed"


def test_a_failed_process_is_told_by_the_exit_code_and_retried(site, client, system):
    system.before_it_takes_an_order = lambda order: system.answer(order, return_code=1)
    order = json.dumps([{"system": system.address}])

    ran = manage(
        "start_process", "remote_order", "--input", order, "--wait", environment=site.environment
    )
    process = ran.stdout.split()[0]
    assert (ran.returncode, ran.stdout.splitlines()[1]) == (1, "failed Playbook failed")
    assert ran.stderr.strip() == "CommandError: the process is failed"

    system.before_it_takes_an_order = system.answer
    site.manage("resume_process", process, "--reason", "the line is repaired", "--wait")
    site.manage("abort_process", process, "--reason", "not wanted any more")

    assert client.show(process)["status"] == "aborted"
    told = site.manage("process", process)
    assert "retried: the line is repaired" in told
    assert "aborted: not wanted any more" in told


def test_the_registered_workflows_are_compared_with_the_code(site):
    other = site.environment | {"ORCHESTRATOR_APPS": "tests.journeys.remote_orders"}
    ran = manage("sync_workflows", "--check", environment=other)

    assert ran.returncode == 1
    assert "gone from the code: provision_l2vpn" in ran.stdout
    assert ran.stderr.strip() == (
        "CommandError: code and database differ; run manage.py sync_workflows"
    )
    assert site.manage("sync_workflows", "--check") == "", "it has changed something"


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (["start_process", "no_such_workflow"], "there is no workflow 'no_such_workflow'"),
        (["start_process", "lab_count", "--input", "[{"], "--input is not JSON"),
        (["start_process", "lab_count", "--input", "{}"], "--input is a JSON list"),
        (["start_process", "lab_count", "--input", "[1]"], "page 1 is not an object"),
        (["start_process", "lab_count"], '"title": "Form not complete"'),
        (["start_process", "lab_count", "--input", '[{"pause": 1}]'], '"marks"'),
        (["start_process", "lab_count", "--input", '[{"marks": "/tmp"}, {}]'], "fewer pages"),
        (["process", UNKNOWN], f"there is no process {UNKNOWN}"),
        (["process", "7"], "invalid UUID value: '7'"),
        (["resume_process", UNKNOWN], f"there is no process {UNKNOWN}"),
        (["abort_process", UNKNOWN], f"there is no process {UNKNOWN}"),
    ],
    ids=[
        *("an unknown workflow", "not JSON", "no list", "no page", "a page too few"),
        *("a wrong page", "a page too many", "an unknown process", "no id"),
        *("resuming an unknown process", "aborting an unknown process"),
    ],
)
def test_a_wrong_word_is_an_error_and_changes_nothing(command, complaint):
    with pytest.raises(CommandError) as caught:
        call_command(*command)

    assert complaint in str(caught.value)
    assert caught.value.returncode == 1
    assert not Process.objects.exists()
    assert not ProcessEvent.objects.exists()


def test_a_process_in_another_status_is_an_error_and_stays_as_it_is(orders):
    process = orders()

    with pytest.raises(CommandError, match="the process is created; it waits for no form"):
        call_command("resume_process", str(process.pk), "--input", "[{}]")

    process.refresh_from_db()
    assert process.status == "created"


@pytest.mark.django_db
def test_a_workflow_that_is_not_registered_says_what_to_do():
    from tests.cluster.lab import workflows  # noqa: F401 - in the code, not in the database.

    with pytest.raises(CommandError, match=r"not registered; run manage\.py sync_workflows"):
        call_command("start_process", "lab_count", "--input", '[{"marks": "/tmp"}]')


@pytest.fixture
def orders(db, tmp_path):
    """Return a function that starts a process which no worker runs."""
    from tests.cluster.lab import workflows  # noqa: F401 - registers them.
    from workflows_app import engine

    Workflow.objects.create(name="lab_count", target="SYSTEM")
    return lambda: engine.start("lab_count", inputs=[{"marks": str(tmp_path)}], by="test")
