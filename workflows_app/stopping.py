"""Whether the workers of this host have been asked to stop: looked at after every step.

A step that runs is finished; its process is then let go, so that another host carries on at once.
"""

import multiprocessing
from typing import Any

_asked: Any = None


def share() -> None:
    """Make the flag, before the workers are forked."""
    global _asked
    _asked = multiprocessing.get_context("fork").Value("b", 0, lock=False)


def ask() -> None:
    """Ask every worker forked since ``share`` to stop."""
    if _asked is not None:
        _asked.value = 1


def asked() -> bool:
    """Return whether this worker should stop."""
    return _asked is not None and bool(_asked.value)
