"""A runner inside the test process, playbooks that end at once, and somebody who is told."""

import contextlib
import threading

import pytest

from examples.playbook_runner.__main__ import PLAYBOOKS
from examples.playbook_runner.reports import RetryPolicy
from examples.playbook_runner.runner import Runner
from examples.playbook_runner.service import PlaybookServer
from tests.examples.callback_receiver import Receiver

TEXTS = {
    "quick.yml": """
        - hosts: all
          connection: local
          gather_facts: false
          tasks:
            - {name: Say the text, ansible.builtin.debug: {msg: "{{ text | default('nothing') }}"}}
            - {name: Say the end, ansible.builtin.debug: {msg: end}}
    """,
    "failing.yml": """
        - hosts: all
          connection: local
          gather_facts: false
          tasks: [{name: Give up, ansible.builtin.fail: {msg: no light}}]
    """,
    "long.yml": """
        - hosts: all
          connection: local
          gather_facts: false
          tasks: [{name: Sleep, ansible.builtin.command: sleep 600}]
    """,
}


@pytest.fixture(scope="session")
def playbooks(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runner") / "playbooks"
    directory.mkdir()
    for name, text in TEXTS.items():
        (directory / name).write_text(text)
    (directory.parent / "outside.yml").write_text(TEXTS["quick.yml"])
    return directory


@contextlib.contextmanager
def serve(playbooks):
    """Yield the address of a running service whose back-off is short."""
    policy = RetryPolicy(first=0.01, longest=0.02)
    runner = Runner(workers=2, retry_policy=policy, progress_interval=0.01)
    with PlaybookServer(("127.0.0.1", 0), runner=runner, playbooks=playbooks) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
    runner.stop()


@pytest.fixture(scope="session")
def service(playbooks):
    with serve(playbooks) as address:
        yield address


@pytest.fixture(scope="session")
def demonstration():
    with serve(PLAYBOOKS) as address:
        yield address


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()
