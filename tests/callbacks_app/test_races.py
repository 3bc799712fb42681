"""Every race of a callback, forced: the other side is made to wait for a lock before we go on."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.models.functions import Now
from django.utils import timezone

from callbacks_app import answers, deadlines
from callbacks_app.errors import AlreadyAnswered, CallbackError, NoLongerOpen
from callbacks_app.models import CallbackToken
from tests.callbacks_app.conftest import GOOD, ask, callback_of
from tests.cluster.processes import until
from tests.engine import define, drain, state
from workflows_app import begin, engine, queue
from workflows_app.engine.loading import locked
from workflows_app.models import Process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def waiting_for_locks(number: int = 1):
    """Return whether so many connections of this database wait for a lock."""

    def look() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock'"
            )
            waiting: int = cursor.fetchone()[0]
        return waiting >= number

    return look


def in_thread(pool, function, *arguments, **options):
    """Run a function on a connection of its own; its error is its result."""

    def call():
        try:
            return function(*arguments, **options)
        except CallbackError as error:
            return error
        finally:
            connections.close_all()

    return pool.submit(call)


def expired(process):
    """Return whether the deadline of its callback has passed, by the database's clock."""
    return CallbackToken.objects.filter(process=process, deadline_at__lt=Now()).exists()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(16) as threads:
        yield threads


def test_of_eight_answers_at_once_exactly_one_wins(awaiting, pool):
    callback = callback_of(awaiting)
    with transaction.atomic():
        locked(awaiting.pk)
        posts = [
            in_thread(pool, answers.receive, callback_of(awaiting), answers.Answer(result=number))
            for number in range(8)
        ]
        until(waiting_for_locks(8), "all eight wait for the process")
    outcomes = [post.result() for post in posts]

    assert outcomes.count("accepted") == 1
    assert sum(isinstance(outcome, AlreadyAnswered) for outcome in outcomes) == 7
    callback.refresh_from_db()
    assert callback.result == outcomes.index("accepted")
    assert drain() == 1


def test_an_answer_that_waits_for_the_expiry_comes_too_late(awaiting, pool):
    CallbackToken.objects.update(deadline_at=timezone.now() + timedelta(seconds=0.2))
    with transaction.atomic():
        locked(awaiting.pk)
        answer = in_thread(
            pool, answers.receive, callback_of(awaiting), answers.Answer(result=GOOD)
        )
        until(waiting_for_locks(), "the answer waits for the process")
        until(lambda: expired(awaiting), "the deadline passes")
        deadlines.expire(CallbackToken.objects.filter(process=awaiting))

    assert isinstance(answer.result(), NoLongerOpen)
    assert callback_of(awaiting).status == "timed_out"


def test_an_expiry_that_waits_for_the_answer_finds_it(awaiting, pool):
    Process.objects.update(due_at=timezone.now())
    (claim,) = queue.claim(1)
    with transaction.atomic():
        process = locked(awaiting.pk)
        expiry = in_thread(pool, engine.advance, claim)
        until(waiting_for_locks(), "the waiting step waits for the process")
        callback = callback_of(awaiting)
        assert answers.receive(callback, answers.Answer(result=GOOD)) == "stored_early"
        CallbackToken.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
        assert process.status == "running"
    expiry.result()

    awaiting.refresh_from_db()
    assert awaiting.status == "suspended"
    assert state(awaiting)["callback_result"] == GOOD


def test_an_answer_between_the_look_and_the_park_is_not_lost(playbook, remote, pool):
    process = engine.start(define(begin >> playbook), by="maria")
    (claim,) = queue.claim(1)
    looked, answered = threading.Event(), []
    original = deadlines.expire

    def slow_look(rows):
        original(rows)
        answered.append(
            in_thread(pool, answers.receive, callback_of(process), answers.Answer(result=GOOD))
        )
        looked.set()
        until(waiting_for_locks(), "the answer waits for the parking step")

    deadlines.expire = slow_look
    try:
        engine.advance(claim)
    finally:
        deadlines.expire = original

    assert looked.is_set()
    assert answered[0].result() == "accepted"
    drain()
    process.refresh_from_db()
    assert process.status == "completed", process.failed_reason


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_web_server_whose_clock_is_wrong_decides_as_the_database_does(
    playbook, remote, monkeypatch, hours
):
    def wrong_now():
        return datetime.now(UTC) + timedelta(hours=hours)

    monkeypatch.setattr(timezone, "now", wrong_now)
    process = engine.start(define(begin >> ask(remote, timeout=3600)), by="maria")
    Process.objects.update(due_at=Now())
    drain()
    assert remote.post("/heartbeat", {}).status_code == 200

    CallbackToken.objects.update(deadline_at=Now() - timedelta(seconds=1))
    assert remote.post(body=GOOD).status_code == 410
    Process.objects.update(due_at=Now())
    drain()

    process.refresh_from_db()
    assert process.status == "failed"


def test_an_abort_that_waits_for_the_answer_still_wins(awaiting, pool):
    with transaction.atomic():
        locked(awaiting.pk)
        abort = in_thread(pool, engine.abort, awaiting.pk, by="maria")
        until(waiting_for_locks(), "the abort waits for the process")
        assert answers.receive(callback_of(awaiting), answers.Answer(result=GOOD)) == "accepted"
    abort.result()
    drain()

    awaiting.refresh_from_db()
    assert awaiting.status == "aborted"
    assert callback_of(awaiting).status == "succeeded"


def test_progress_that_races_the_answer_changes_nothing(awaiting, pool):
    callback = callback_of(awaiting)
    with transaction.atomic():
        answers.receive(callback, answers.Answer(result=GOOD))
        progress = in_thread(pool, answers.report_progress, callback_of(awaiting), {"percent": 50})
        until(waiting_for_locks(), "the progress waits for the callback")

    assert isinstance(progress.result(), CallbackError)
    drain()
    callback.refresh_from_db()
    assert (callback.status, callback.result, callback.progress) == ("succeeded", GOOD, None)
    assert not awaiting.steps.exclude(progress=None).exists()


def test_an_answer_costs_at_most_six_statements(awaiting, remote):
    statements = []

    def count(execute, sql, parameters, many, context):
        statements.append(sql)
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(count):
        assert remote.post(body=GOOD).status_code == 200

    assert len(statements) <= 6, statements
