"""Two thousand processes wait, and sixteen clients answer them while a worker is killed."""

import collections
import json
import os
import random
import signal
from concurrent.futures import Future

import pytest
from django.db import connection

from tests.cluster.processes import alive, children, database_url, until
from tests.journeys.crowd import Crowd, answers_for, posts_for, wait_for_all
from tests.journeys.many_orders.files import CHECKS, ORDERS, lines
from tests.journeys.programs import running
from tests.journeys.site import running_site
from workflows_app import app_settings, queue
from workflows_app.models import Process, ProcessEvent, ProcessStep

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

PROCESSES = 2000 if connection.vendor == "postgresql" else 500  # SQLite has one writer.
CLIENTS = 16
SEED = 20
AWAIT, CHECK, USE, DONE = "Remote/Await callback", "Remote/Check", "Use", "Done"
UNLIMITED = ("CALLBACK_RATE_PER_ADDRESS", "CALLBACK_RATE_PER_TOKEN")


@pytest.fixture
def site(transactional_db, tmp_path):
    """Run a site on the test's own database, where the test can look at every row."""
    unlimited = {name: None for name in UNLIMITED if name in app_settings.DEFAULTS}
    with running_site(
        tmp_path,
        apps="tests.journeys.many_orders",
        DATABASE_URL=database_url(),
        ORCHESTRATOR=json.dumps(unlimited),
    ) as site:
        yield site


@pytest.fixture
def workers(site, tmp_path):
    """Run two workers as if on two hosts, each with two processes that run steps."""

    def start(number):
        return site.programs.enter_context(
            running(
                *("manage.py", "worker", "--workers", "2"),
                environment=site.environment,
                output=tmp_path / f"worker_{number}",
            )
        )

    return [start(number) for number in range(2)]


@pytest.fixture
def crowd(site):
    return Crowd(site.address, clients=CLIENTS)


@pytest.fixture
def addresses(site, crowd, workers, tmp_path):
    """Start the processes, and return the addresses that they handed out once all of them wait."""
    pages = [{"directory": str(tmp_path)}]
    started = crowd.start_all(
        "/api/processes/one_of_many",
        [pages] * PROCESSES,
        authorization=site.client.authorization,
    )
    wait_for_all(number_with("awaiting_callback"), PROCESSES, "wait")
    orders = lines(tmp_path / ORDERS)
    assert len(orders) == PROCESSES, "an address was handed out twice"
    assert {process for process, _address in orders} == set(started)
    return dict(orders)


def test_many_answers_at_once_count_once_each_while_a_worker_is_killed(
    site, workers, crowd, addresses, tmp_path
):
    dice = random.Random(SEED)
    answers = answers_for(addresses, dice)
    posts = posts_for(addresses, answers, dice)
    checks = tmp_path / CHECKS

    with crowd.posting(posts) as sent:
        wait_for_all(lambda: sum(map(Future.done, sent)), len(sent) // 3, "posts are answered")
        killed = kill_a_busy_one(workers, checks)
    wait_for_all(number_with("completed"), PROCESSES, "have ended")

    assert_told([each.result() for each in sent])
    assert_recorded(answers)
    assert_checked(lines(checks), killed)
    assert_at_rest()
    for process in dice.sample(sorted(answers), 20):
        shown = site.client.show(process)
        assert shown["state"]["callback_result"] == answers[process]


def assert_told(told):
    """The first answer was taken, each duplicate and each forgery refused; nothing broke."""
    forged = [each for each in told if each.post.forged]
    let_in = [each for each in forged if (each.status, each.code) != (404, "not_found")]
    assert let_in == []
    by_process = collections.defaultdict(list)
    for each in told:
        if not each.post.forged:
            by_process[each.post.process].append((each.status, each.code))
    outcomes = collections.Counter(tuple(sorted(each)) for each in by_process.values())
    accepted, refused = (200, "accepted"), (409, "already_answered")
    tenth = PROCESSES // 10
    assert outcomes == {(accepted,): PROCESSES - tenth, (accepted, refused): tenth}
    assert len(forged) == tenth


def assert_recorded(answers):
    """Every step is there once, and those after the wait had the answer of their own process."""
    steps = collections.defaultdict(list)
    columns = ("process_id", "position", "path", "status", "attempt", "patch")
    for process, *step in ProcessStep.objects.order_by("position").values_list(*columns):
        steps[str(process)].append(step)
    assert steps.keys() == answers.keys()
    for process, answer in answers.items():
        positions, paths, statuses, attempts, patches = zip(*steps[process], strict=True)
        assert positions == tuple(range(len(paths)))
        assert len(set(paths)) == len(paths)
        assert paths[-4:] == (AWAIT, CHECK, USE, DONE)
        assert (set(statuses), set(attempts)) == ({"success"}, {1})
        number = answer["number"]
        assert patches[-4:] == (
            {"callback_result": answer},
            {"checked": number},
            {"used": number},
            {},
        )


def assert_checked(checks, killed):
    """Nobody's check ran twice but the one that the killed worker was at, if it was at one."""
    runs = collections.defaultdict(list)
    for process, pid in checks:
        runs[process].append(int(pid))
    assert len(runs) == PROCESSES
    repeated = [pids for pids in runs.values() if len(pids) > 1]
    assert len(repeated) <= 1
    assert {pid for pids in repeated for pid in pids[:-1]} <= {killed}


def assert_at_rest():
    """Every process has ended, once, and nobody has to do anything any more."""
    assert number_with("completed")() == Process.objects.count() == PROCESSES
    assert not Process.objects.filter(finished_at=None).exists()
    assert not Process.objects.exclude(due_at=None).exists()
    assert queue.next_due() is None
    events = ProcessEvent.objects.values_list("process", "action")
    times = collections.Counter(events)
    assert set(times.values()) == {1}
    by_action = collections.Counter(action for _process, action in times)
    assert by_action["started"] == PROCESSES
    assert set(by_action.values()) == {PROCESSES}


def kill_a_busy_one(workers, checks):
    """Kill a process that is at work, see its pool replaced, and return its pid."""
    worker, pid = until(lambda: held(workers, checks), "a worker is at work")
    pools = children(worker.process.pid)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(alive, [pid, *pools])), "its pool is given up")
    until(lambda: children(worker.process.pid), "its pool is started again")
    return pid


def held(workers, checks):
    """Stop whoever checked last; return it if it has not ended that process, or let it go on."""
    pid = int(lines(checks)[-1][1]) if lines(checks) else None
    worker = next((worker for worker in workers if pid in worker.tree()), None)
    if pid is None or worker is None:  # Nobody did, or it has served its time since.
        return None
    os.kill(pid, signal.SIGSTOP)
    latest = [process for process, checker in lines(checks) if checker == str(pid)][-1]
    if Process.objects.filter(pk=latest, status="running").exists():
        return worker, pid
    os.kill(pid, signal.SIGCONT)
    return None


def number_with(status):
    return Process.objects.filter(status=status).count
