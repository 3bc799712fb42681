"""When a failed step is tried again by itself.

Source: exponential back-off with jitter, as in Brooker, "Exponential Backoff And Jitter"
(AWS Architecture Blog, 2015); the jitter here is a fifth up or down, so that an operator who
reads "in 4 min" is not misled.
"""

import random
from dataclasses import dataclass
from datetime import timedelta

JITTER = 0.2
LONGEST = timedelta(days=366)  # That a step may ask for: what a remote system says ends up here.


class RetryAfter(Exception):
    """Raised by a step: try me again after ``seconds``, whatever my policy's back-off."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason or f"asked to be tried again after {seconds:g} s")
        self.delay = timedelta(seconds=min(seconds, LONGEST.total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Which failures are tried again, how often, and how soon.

    Args:
        max_attempts: tries in all, the first included; None for no limit.
        on: the exceptions that are tried again; any other fails the step at once.
        backoff: the first pause; each later one is twice as long.
        maximum: the longest pause.
    """

    max_attempts: int | None = None
    on: tuple[type[Exception], ...] = (Exception,)
    backoff: timedelta = timedelta(minutes=1)
    maximum: timedelta = timedelta(hours=1)

    def delay(self, error: BaseException, *, attempt: int) -> timedelta | None:
        """Return the pause before the next try, or None if ``error`` at ``attempt`` is final."""
        if self.max_attempts is not None and attempt >= self.max_attempts:
            return None
        if isinstance(error, RetryAfter):
            return error.delay
        if not isinstance(error, self.on):
            return None
        doublings = min(attempt - 1, 64)
        # In seconds: a timedelta that is doubled so often overflows.
        pause = min(self.backoff.total_seconds() * 2**doublings, self.maximum.total_seconds())
        jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret.
        return timedelta(seconds=pause * jitter)


ONLY_WHEN_ASKED = Retry(on=())  # The policy of a plain step: nothing but ``RetryAfter``.
