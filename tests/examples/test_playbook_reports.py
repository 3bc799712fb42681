"""The parts of the runner that need no Ansible: delivering a result, keeping a transcript."""

import itertools
import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from examples.playbook_runner.reports import (
    Report,
    RetryPolicy,
    deliver,
    progress_posts,
    retry_after,
)
from examples.playbook_runner.transcript import Transcript
from tests.examples.callback_receiver import Receiver, wait_until

RESULT = {"job_id": "1", "output": ["ok\n"], "return_code": 0, "status": "successful"}
SOON = RetryPolicy(first=0.01, longest=0.02)


def deliver_to(receiver, policy=SOON):
    return deliver(receiver.url, RESULT, policy=policy, stopping=threading.Event())


@pytest.mark.parametrize("status", [500, 502, 503, 408, 425, 429])
def test_a_receiver_that_may_recover_is_asked_again(receiver, status):
    receiver.answer_first(status, status)

    assert deliver_to(receiver) is Report.DELIVERED
    assert [post.payload for post in receiver.posts] == [RESULT] * 3


@pytest.mark.parametrize(
    ("status", "report"),
    [
        (204, Report.DELIVERED),
        (202, Report.DELIVERED),
        (409, Report.CLOSED),
        (410, Report.CLOSED),
        (400, Report.REFUSED),
        (404, Report.REFUSED),
        (413, Report.REFUSED),
        (302, Report.REFUSED),
    ],
)
def test_a_clear_answer_ends_the_matter(receiver, status, report):
    receiver.answer_first(status, Location="/elsewhere")

    assert deliver_to(receiver) is report
    assert len(receiver.posts) == 1


def test_a_receiver_that_is_down_at_first_gets_the_result():
    gone = Receiver()
    gone.close()
    tried, ends = threading.Event(), []

    class Watched(RetryPolicy):
        def delay(self, attempt):
            tried.set()
            return 0.01

    def attempt():
        ends.append(deliver(gone.url, RESULT, policy=Watched(), stopping=threading.Event()))

    thread = threading.Thread(target=attempt)
    thread.start()
    assert tried.wait(60)
    back = Receiver(int(gone.url.split(":")[2].split("/")[0]))
    thread.join(60)
    back.close()

    assert ends == [Report.DELIVERED]
    assert back.results()[-1].payload == RESULT


def test_a_result_is_given_up_after_the_time_allowed(receiver):
    receiver.answer_first(*[503] * 1000)

    assert deliver_to(receiver, RetryPolicy(0.01, 0.01, give_up_after=0.0)) is Report.GIVEN_UP


def test_a_retry_waits_as_long_as_the_receiver_asks(receiver):
    receiver.answer_first(503, Retry_After="7200")
    pauses = []

    class Watched(threading.Event):
        def wait(self, timeout=None):
            pauses.append(timeout)
            return False

    assert deliver(receiver.url, RESULT, policy=SOON, stopping=Watched()) is Report.DELIVERED
    assert pauses == [7200.0]


def test_stopping_ends_the_pause_with_a_last_attempt(receiver):
    receiver.answer_first(503, 503, Retry_After="86400")
    stopping, reports = threading.Event(), []

    def attempt():
        reports.append(deliver(receiver.url, RESULT, policy=SOON, stopping=stopping))

    thread = threading.Thread(target=attempt)
    thread.start()
    wait_until(receiver.results)
    stopping.set()
    thread.join(60)

    assert reports == [Report.GIVEN_UP]
    assert len(receiver.results()) == 2


def test_no_progress_is_under_way_when_the_result_goes_out(receiver):
    receiver.may_answer.clear()

    def run():
        with progress_posts(f"{receiver.url}/progress", Transcript("Starting").progress, 0.01):
            wait_until(receiver.progress)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(receiver.progress)
    thread.join(0.3)
    waits = thread.is_alive()
    receiver.may_answer.set()
    thread.join(60)

    assert waits
    assert not thread.is_alive()


@pytest.mark.parametrize("status", [404, 409, 410])
def test_progress_ends_when_nobody_waits_for_it(receiver, status):
    receiver.answer_first(status)
    url = receiver.url.replace("/token", "/elsewhere")
    lines = itertools.count()

    def latest():
        return {"percent": 0, "message": "", "lines": [str(next(lines))]}

    with progress_posts(url, latest, 0.001):
        wait_until(receiver.posts.copy)
        wait_until(lambda: not any(t.name == "progress" for t in threading.enumerate()))

    assert len(receiver.posts) == 1


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_nonsense_and_the_past_ask_for_no_pause(value):
    assert retry_after(value) == 0.0


def test_a_pause_is_asked_for_in_seconds_or_by_date():
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)

    assert retry_after("120") == 120.0
    assert 3500 < retry_after(format_datetime(in_an_hour, usegmt=True)) <= 3600


def test_pauses_double_up_to_the_longest():
    policy = RetryPolicy(first=1.0, longest=60.0)

    for attempt, full in [(0, 1), (1, 2), (5, 32), (6, 60), (1000, 60)]:
        assert full / 2 <= policy.delay(attempt) <= full


def test_a_long_transcript_loses_its_middle_and_stays_below_its_limit():
    transcript = Transcript("Starting", limit=10_000)

    for number in range(5000):
        transcript.add(f"é {number}\n")

    lines = transcript.lines()
    assert lines[0] == "é 0\n"
    assert lines[-1] == "é 4999\n"
    left_out = next(line for line in lines if line.endswith("lines left out]\n"))
    assert len(lines) - 1 + int(left_out[1:].split()[0]) == 5000
    assert len(json.dumps(lines)) <= 10_100


def test_progress_counts_tasks_that_are_done():
    transcript = Transcript("Starting")
    transcript.expect(2)
    percents = []

    for line in ["TASK [a] ****\n", "ok: [x]\n", "TASK [b] ***\n", "RUNNING HANDLER [c] ***\n"] * 2:
        transcript.add(line)
        percents.append(transcript.progress()["percent"])

    assert percents == [0, 0, 50, 99, 99, 99, 99, 99]
    assert transcript.progress()["message"] == "RUNNING HANDLER [c]"
