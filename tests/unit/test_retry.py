"""Which failures are tried again, how often, and how soon."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from workflows_app import Retry, RetryAfter
from workflows_app.retry import JITTER, ONLY_WHEN_ASKED

ERROR = ConnectionError("away")


def between(nominal, delay):
    return nominal * (1 - JITTER) <= delay <= nominal * (1 + JITTER)


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (1000, 60)]
)
def test_pauses_double_from_a_minute_to_an_hour(attempt, minutes):
    delay = Retry().delay(ERROR, attempt=attempt)

    assert delay
    assert between(timedelta(minutes=minutes), delay)


def test_there_is_no_limit_unless_one_is_given():
    assert Retry().delay(ERROR, attempt=1_000_000)


def test_the_first_try_counts_towards_the_limit():
    policy = Retry(max_attempts=3)

    assert policy.delay(ERROR, attempt=2)
    assert policy.delay(ERROR, attempt=3) is None


def test_a_failure_of_another_kind_is_final():
    policy = Retry(on=(ConnectionError, TimeoutError))

    assert policy.delay(ConnectionRefusedError(), attempt=1)
    assert policy.delay(ValueError(), attempt=1) is None


def test_a_step_that_asks_for_a_pause_gets_that_pause_whatever_the_policy():
    for policy in (Retry(), Retry(on=(ValueError,)), ONLY_WHEN_ASKED):
        assert policy.delay(RetryAfter(90), attempt=5) == timedelta(seconds=90)


def test_asking_for_a_pause_does_not_go_past_the_limit():
    assert Retry(max_attempts=2).delay(RetryAfter(90), attempt=2) is None


def test_a_plain_step_is_not_tried_again():
    assert ONLY_WHEN_ASKED.delay(ERROR, attempt=1) is None


def test_retry_after_says_what_it_asks_for_unless_it_has_a_reason():
    assert "90 s" in str(RetryAfter(90))
    assert str(RetryAfter(90, "rate limit")) == "rate limit"


@given(
    attempt=st.integers(1, 10_000),
    backoff=st.timedeltas(timedelta(milliseconds=1), timedelta(days=30)),
    maximum=st.timedeltas(timedelta(milliseconds=1), timedelta(days=365)),
)
def test_no_pause_is_longer_than_the_longest_however_many_tries_there_were(
    attempt, backoff, maximum
):
    delay = Retry(backoff=backoff, maximum=maximum).delay(ERROR, attempt=attempt)

    assert delay is not None
    assert timedelta(0) <= delay <= maximum * (1 + JITTER) + timedelta(microseconds=2)


@pytest.mark.parametrize("seconds", [1e9, 1e15, float("inf")])
def test_a_pause_that_a_remote_system_made_absurdly_long_is_cut_to_what_a_calendar_holds(seconds):
    assert RetryAfter(seconds).delay <= timedelta(days=366)
