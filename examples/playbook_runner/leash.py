"""Run a program that dies with the process that started it, and is told so once.

Run as ``python -I -S leash.py <pid of the parent> <program> <arguments>``. A program of its own,
because Python code that runs between fork and exec in a process with threads may deadlock. SIGTERM,
not SIGKILL: Ansible passes it on to its workers, which live in sessions of their own and would
otherwise finish their task. Once, because a second one kills Ansible before it has told them all;
and the kernel sends one whenever a dying thread leaves its children to the next thread.

Source: prctl(2), PR_SET_PDEATHSIG.
"""

import ctypes
import os
import signal
import sys
import time

GRACE_SECONDS = 5
PR_SET_PDEATHSIG = 1
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM}


def main() -> None:
    """Tie this process to its parent, and the program to this process."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform != "linux":
        _become(program)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # They are waited for.
    _die_with(parent)
    leash, child = os.getpid(), os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        _die_with(leash)
        _become(program)
    _end_like(_status_of(child))


def _status_of(child: int) -> int:
    """Wait for the child, and pass the first SIGTERM on; after it, it has a time to end."""
    ends_at = float("inf")
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        left = min(ends_at - time.monotonic(), 3600)
        received = signal.sigtimedwait(_SIGNALS, max(left, 0))
        if received is None and time.monotonic() >= ends_at:
            os.kill(child, signal.SIGKILL)
            ends_at = float("inf")
        elif received and received.si_signo == signal.SIGTERM and ends_at == float("inf"):
            os.kill(child, signal.SIGTERM)
            ends_at = time.monotonic() + GRACE_SECONDS
    return ended[1]


def _die_with(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # It died before the line above.
        os._exit(1)


def _become(program: list[str]) -> None:
    os.execv(program[0], program)  # noqa: S606 - what it is for.


def _end_like(status: int) -> None:
    """End as the child has ended, so that whoever waits learns how."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
