"""Run the real ``ansible-playbook``, in a private directory that is gone afterwards."""

import functools
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from examples.playbook_runner.children import Children
from examples.playbook_runner.orders import Order
from examples.playbook_runner.transcript import Transcript

LISTED_TASK = re.compile(r" {6}.*\tTAGS: \[")


def run_playbook(order: Order, transcript: Transcript, children: Children) -> int:
    """Run an order's playbook to its end and return its exit code; the transcript follows live."""
    with tempfile.TemporaryDirectory(prefix="playbook-") as name:
        directory = Path(name)
        inventory, variables = directory / "inventory.ini", directory / "variables.yml"
        inventory.write_text(order.inventory, encoding="utf-8")
        variables.write_text(order.variables, encoding="utf-8")
        transcript.expect(_count_tasks(children, order.playbook, order.playbook.stat().st_mtime_ns))
        return children.run(
            [find_ansible(), "-i", str(inventory), "-e", f"@{variables}", str(order.playbook)],
            directory=directory,
            environment=_environment(directory),
            on_line=transcript.add,
        )


def find_ansible() -> str:
    """Return the path of ``ansible-playbook``: this Python's own, or else the first in PATH.

    Raises:
        FileNotFoundError: ansible-core is not installed.
    """
    own = Path(sys.executable).parent / "ansible-playbook"
    found = str(own) if own.is_file() else shutil.which("ansible-playbook")
    if found is None:
        raise FileNotFoundError("ansible-playbook is not installed; try: pip install ansible-core")
    return found


@functools.lru_cache(maxsize=100)  # Listing takes a second; the time of change is part of the key.
def _count_tasks(children: Children, playbook: Path, changed_at: int) -> int:
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="playbook-") as name:
        children.run(
            [find_ansible(), "-i", "localhost,", "--list-tasks", str(playbook)],
            directory=Path(name),
            environment=_environment(Path(name)),
            on_line=lines.append,
        )
    return sum(1 for line in lines if LISTED_TASK.match(line))


def _environment(directory: Path) -> dict[str, str]:
    return os.environ | {
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_INVENTORY_ENABLED": "ini,host_list",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_LOCAL_TEMP": str(directory / "local"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,  # Looking for one may find a broken shim.
        "ANSIBLE_REMOTE_TEMP": str(directory / "remote"),
        "ANSIBLE_STDOUT_CALLBACK": "default",
        "LC_ALL": "C.UTF-8",  # Ansible refuses to start under any other encoding.
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(directory),
    }
