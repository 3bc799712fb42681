"""The runner as its callers see it: orders over HTTP, the real Ansible, callbacks to a server."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.examples.callback_receiver import wait_until
from tests.examples.callers import order, post

REPOSITORY = Path(__file__).parents[2]
L2VPN = {
    "SiteA": "node-a",
    "SiteB": "node-b",
    "interfaceA": "ge-0/0/1",
    "interfaceB": "ge-0/0/2",
    "vlan": 100,
    "pace": 0,
}


def l2vpn_order(receiver, **variables):
    hosts, name = ["node-a", "node-b"], "provision_l2vpn.yml"
    return order(receiver, playbook_name=name, inventory=hosts, extra_vars=L2VPN | variables)


@pytest.fixture
def start_service(tmp_path):
    """Start services as processes of their own; the test may kill them."""
    started = []

    def start(playbooks):
        command = [sys.executable, "-m", "examples.playbook_runner", "--bind", "127.0.0.1:0"]
        process = subprocess.Popen(
            [*command, "--playbooks", str(playbooks)],
            cwd=REPOSITORY,
            env=os.environ | {"TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout
        started.append(process)
        return process, process.stdout.readline().removeprefix("Listening on ").strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def proc(path):
    """Return what Linux tells about a process; nothing when it is gone."""
    try:
        return Path("/proc", path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def descendants(pid):
    tasks = [int(task.name) for task in Path(f"/proc/{pid}/task").glob("*")]
    children = [
        int(child) for task in tasks for child in proc(f"{pid}/task/{task}/children").split()
    ]
    return children + [below for child in children for below in descendants(child)]


def sleeping_below(pid):
    return [below for below in descendants(pid) if proc(f"{below}/cmdline") == "sleep\x00600\x00"]


def alive(pid):
    return proc(f"{pid}/stat").rpartition(") ")[2][:1] not in {"", "Z"}


def report(service, response):
    """Return how far a job's result is on its way."""
    return requests.get(service + response.headers["Location"], timeout=30).json()["report"]


def test_a_playbook_that_succeeds_is_reported_in_the_words_of_the_documents(service, receiver):
    response = post(service, order(receiver))

    assert response.status_code == 202
    result = receiver.wait_for_result()
    assert set(result) == {"job_id", "output", "return_code", "status"}
    assert (result["return_code"], result["status"]) == (0, "successful")
    assert result["job_id"] == response.json()["job_id"] == receiver.results()[0].key
    assert any("TASK [Say the end]" in line for line in result["output"])
    assert all(line.endswith("\n") for line in result["output"])


def test_a_playbook_that_fails_is_reported_with_ansibles_return_code(service, receiver):
    post(service, order(receiver, playbook_name="failing.yml"))

    result = receiver.wait_for_result()
    assert (result["return_code"], result["status"]) == (2, "failed")
    assert "no light" in "".join(result["output"])


def test_a_playbook_that_ansible_cannot_read_is_reported(service, receiver, playbooks):
    (playbooks / "nonsense.yml").write_text("{{{ not yaml")

    post(service, order(receiver, playbook_name="nonsense.yml"))

    result = receiver.wait_for_result()
    assert result["status"] == "failed"
    assert "ERROR" in "".join(result["output"])


def test_a_runner_that_breaks_still_reports(service, receiver, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/missing")

    post(service, order(receiver))

    result = receiver.wait_for_result()
    assert (result["return_code"], result["status"]) == (-1, "failed")
    assert "The runner broke: FileNotFoundError" in result["output"][-1]


def test_a_value_is_never_evaluated_as_a_template(service, receiver):
    post(service, order(receiver, extra_vars={"text": '{{ 6 * 7 }} \\ " é 😀'}))

    output = "".join(receiver.wait_for_result()["output"])
    assert '"msg": "{{ 6 * 7 }} \\\\ \\" é 😀"' in output


def test_a_job_can_be_looked_up(service, receiver):
    response = post(service, order(receiver))

    wait_until(lambda: report(service, response) == "delivered")

    job = requests.get(service + response.headers["Location"], timeout=30).json()
    assert (job["status"], job["return_code"], job["percent"]) == ("successful", 0, 100)
    assert "token" not in json.dumps(job)


def test_the_demonstration_shows_progress_that_never_goes_back(demonstration, receiver):
    post(demonstration, l2vpn_order(receiver, pace=0.3))

    assert receiver.wait_for_result()["status"] == "successful"
    percents = [progress["percent"] for progress in receiver.progress()]
    assert len(set(percents)) > 2
    assert percents == sorted(percents)
    assert {"TASK [Commit port]"} < {progress["message"] for progress in receiver.progress()}
    assert len(receiver.progress()[-1]["lines"]) == 20


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"simulate_fault": True}, "no light on the line"),
        ({"fail_on": "node-b"}, "node-b ge-0/0/2: no light on the line"),
        ({"vlan": 666}, "no light on the line"),
        ({"vlan": 4095}, "VLAN 4095 on ge-0/0/1 is not an order"),
    ],
)
def test_the_demonstration_can_fail(demonstration, receiver, changes, message):
    post(demonstration, l2vpn_order(receiver, **changes))

    result = receiver.wait_for_result()
    assert result["return_code"] == 2
    assert message in "".join(result["output"])


def test_progress_goes_where_the_order_says(service, receiver):
    elsewhere = receiver.url.replace("/callback/token", "/elsewhere/progress")

    post(service, order(receiver, progress=elsewhere))

    receiver.wait_for_result()
    paths = {post.path for post in receiver.posts}
    assert paths == {"/callback/token", "/elsewhere/progress"}


def test_a_result_is_posted_again_until_it_is_taken(service, receiver):
    receiver.answer_first(503, 503)

    post(service, order(receiver))

    wait_until(lambda: len(receiver.results()) == 3)
    assert len({json.dumps([r.key, r.payload]) for r in receiver.results()}) == 1


def test_the_same_key_and_body_run_once(service, receiver):
    first = post(service, order(receiver), Idempotency_Key="order-1")
    second = post(service, order(receiver), Idempotency_Key="order-1")
    other = post(service, order(receiver, inventory="node-z"), Idempotency_Key="order-1")

    assert second.json() == first.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    wait_until(lambda: report(service, second) == "delivered")
    assert len(receiver.results()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_playbook_outlives_its_service(start_service, playbooks, receiver, number):
    process, service = start_service(playbooks)
    post(service, order(receiver, playbook_name="long.yml"))
    sleeping = wait_until(lambda: sleeping_below(process.pid))
    below = {*descendants(process.pid), *sleeping}

    os.kill(process.pid, number)

    wait_until(lambda: not any(alive(pid) for pid in below))
    if number == signal.SIGKILL:
        assert receiver.results() == []
    else:
        assert process.wait(60) == 0
        assert receiver.wait_for_result()["return_code"] == -1
        assert receiver.wait_for_result()["output"][-1].startswith("The runner was stopped")
