"""A program on a leash dies with its parent, is told so once, and ends as it ends."""

import os
import signal
import subprocess
import sys

import pytest

from examples.playbook_runner import leash

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has prctl")

# As Ansible does it: a second signal would kill it before it has told the others.
TELLS_OTHERS = """
import signal, sys, time
def tell(number, frame):
    signal.signal(number, signal.SIG_DFL)
    print("asked", flush=True)
    time.sleep(0.5)
    print("told the others", flush=True)
    sys.exit(3)
signal.signal(signal.SIGTERM, tell)
print("ready", flush=True)
time.sleep(60)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
# A service with threads at work, one of which has started the program. The kernel hands the program
# from each that dies to the next, and tells it so.
SERVICE = """
import os, subprocess, sys, threading
def run():
    subprocess.run([sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), *sys.argv[2:]])
def work():
    while True:
        os.getpid()
threads = [threading.Thread(target=work) for _ in range(10)] + [threading.Thread(target=run)]
[thread.start() for thread in threads]
"""


def leashed(code: str) -> "subprocess.Popen[str]":
    program = [sys.executable, "-c", code]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *program],
        stdout=subprocess.PIPE,
        text=True,
    )


def read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline()


def read(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.read()


def test_the_program_is_asked_to_end_only_once():
    with leashed(TELLS_OTHERS) as process:
        assert read_line(process) == "ready\n"
        process.terminate()
        assert read_line(process) == "asked\n"
        for _ in range(5):
            process.terminate()

        assert read(process) == "told the others\n"
    assert process.returncode == 3


def test_a_program_that_does_not_listen_is_killed():
    with leashed(DEAF) as process:
        assert read_line(process) == "ready\n"
        process.terminate()

        assert read(process) == ""
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        ("raise SystemExit(7)", 7),
        ("", 0),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_the_leash_ends_as_the_program_does(code, ended):
    with leashed(code) as process:
        assert process.wait(60) == ended


def test_the_program_is_asked_once_by_the_death_of_a_service_with_many_threads():
    program = [sys.executable, "-c", TELLS_OTHERS]
    command = [sys.executable, "-c", SERVICE, leash.__file__, *program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert read_line(service) == "ready\n"

        service.kill()

        assert read(service) == "asked\ntold the others\n"


def test_the_program_does_not_outlive_a_leash_that_is_killed():
    with leashed(TELLS_OTHERS) as process:
        assert read_line(process) == "ready\n"
        process.kill()

        assert read(process) == "asked\ntold the others\n"
