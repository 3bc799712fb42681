"""Tell the caller: progress while a playbook runs, the result when it has ended.

Progress is best effort: the next post replaces it. The result is what the caller waits for, so it
is posted until the caller has it, has refused it, or a day has gone by. A callback URL is a secret:
no log line shows more than its host.

Source: RFC 9110 §10.2.3 (Retry-After); AWS Architecture Blog, "Exponential Backoff And Jitter".
"""

import contextlib
import email.utils
import itertools
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlsplit

import requests

from examples.playbook_runner.transcript import Progress

logger = logging.getLogger(__name__)

PROGRESS_TIMEOUT = (2, 3)  # Seconds to connect, to answer.
RESULT_TIMEOUT = (5, 10)
HEARTBEAT_SECONDS = 10.0
OVER = frozenset({404, 409, 410})
CLOSED = frozenset({409, 410})
WORTH_REPEATING = frozenset({408, 425, 429})


class Report(StrEnum):
    """How far the result has come on its way to the caller."""

    PENDING = "pending"  # Not delivered yet.
    DELIVERED = "delivered"  # The caller has it.
    CLOSED = "closed"  # The caller had an answer already, or waits no longer (409, 410).
    REFUSED = "refused"  # The caller will not take it, however often it is sent.
    GIVEN_UP = "given up"  # The caller could not be reached in time.


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to post a result again. All in seconds."""

    first: float = 1.0
    longest: float = 300.0
    give_up_after: float = 24 * 60 * 60.0

    def delay(self, attempt: int) -> float:
        """Return a pause that doubles with each attempt, shortened by up to a half by chance."""
        return min(self.first * 2.0 ** min(attempt, 30), self.longest) * random.uniform(0.5, 1.0)


@contextlib.contextmanager
def progress_posts(url: str, latest: Callable[[], Progress], interval: float) -> Iterator[None]:
    """Post the latest progress, at most once an interval, for as long as the block lasts.

    None is under way when the block has been left, so a late one cannot overtake the result.
    """
    ended = threading.Event()
    arguments = (url, latest, interval, ended)
    thread = threading.Thread(target=_post_progress, args=arguments, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def deliver(
    url: str, result: Mapping[str, object], *, policy: RetryPolicy, stopping: threading.Event
) -> Report:
    """Post a result until its receiver has taken or refused it.

    Args:
        stopping: once set, there is one more attempt and no pause.
    """
    deadline = time.monotonic() + policy.give_up_after
    for attempt in itertools.count():
        last = stopping.is_set() or time.monotonic() >= deadline
        report, retry_after = _post_result(url, result)
        if report is not Report.PENDING or last:
            break
        pause = max(policy.delay(attempt), retry_after)
        stopping.wait(max(0.0, min(pause, deadline - time.monotonic())))
    return Report.GIVEN_UP if report is Report.PENDING else report


def _post_progress(
    url: str, latest: Callable[[], Progress], interval: float, ended: threading.Event
) -> None:
    posted: Progress | None = None
    posted_at = time.monotonic()
    while not ended.is_set():
        progress = latest()
        if progress != posted or time.monotonic() - posted_at >= HEARTBEAT_SECONDS:
            posted, posted_at = progress, time.monotonic()
            response = _post(url, progress, timeout=PROGRESS_TIMEOUT)
            if response is not None and response.status_code in OVER:
                return
        ended.wait(interval)


def _post_result(url: str, result: Mapping[str, object]) -> tuple[Report, float]:
    """Post a result once, and return what came of it and how long the receiver asks to wait."""
    key = {"Idempotency-Key": str(result["job_id"])}
    response = _post(url, result, timeout=RESULT_TIMEOUT, headers=key)
    report = Report.PENDING if response is None else _judge(response.status_code)
    logger.log(
        logging.INFO if report is Report.DELIVERED else logging.WARNING,
        "Result of job %s posted to %s: %s, %s",
        result["job_id"],
        urlsplit(url).hostname,
        "no answer" if response is None else response.status_code,
        report,
    )
    return report, 0.0 if response is None else retry_after(response.headers.get("Retry-After"))


def _judge(status: int) -> Report:
    if 200 <= status < 300:
        return Report.DELIVERED
    if status in CLOSED:
        return Report.CLOSED
    return Report.PENDING if status >= 500 or status in WORTH_REPEATING else Report.REFUSED


def retry_after(value: str | None) -> float:
    """Return the seconds that a Retry-After header asks for; nonsense and the past are zero."""
    if value is None:
        return 0.0
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _post(
    url: str,
    payload: Mapping[str, object],
    *,
    timeout: tuple[float, float],
    headers: Mapping[str, str] | None = None,
) -> requests.Response | None:
    """Post JSON once; None when there was no answer. Never follows a redirect: it would GET."""
    with requests.Session() as session:
        session.trust_env = False  # No proxy and no .netrc between two services of one site.
        try:
            return session.post(
                url, json=payload, timeout=timeout, headers=headers, allow_redirects=False
            )
        except (
            requests.RequestException,
            ValueError,
        ) as error:
            logger.info("No answer from %s: %s", urlsplit(url).hostname, type(error).__name__)
            return None
