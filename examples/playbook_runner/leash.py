"""Become another program that dies with the process that started it.

Run as ``python -I -S leash.py <pid of the parent> <program> <arguments>``. A program of its own,
because Python code that runs between fork and exec in a process with threads may deadlock. SIGTERM,
not SIGKILL: Ansible passes it on to its workers, which live in sessions of their own and would
otherwise finish their task.

Source: prctl(2), PR_SET_PDEATHSIG.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # It died before the line above.
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - what it is for.


if __name__ == "__main__":
    main()
