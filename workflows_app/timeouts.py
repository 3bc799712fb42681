"""Stop a function that runs longer than it may."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from workflows_app.errors import StepTimedOut

logger = logging.getLogger(__name__)


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError if the block runs longer than ``seconds``; None is no limit.

    The alarm interrupts the block wherever it is, in a ``sleep`` or a socket too. It needs the
    main thread of the process, where workers run their steps.
    """
    if seconds is None:
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        logger.warning("Step timeout not enforced outside the main thread")
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise StepTimedOut(seconds)

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except StepTimedOut as error:
        raise TimeoutError(str(error)) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
