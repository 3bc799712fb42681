"""The project's commands as programs of their own."""

import subprocess
import sys

from tests.cluster.processes import ROOT, environment


def manage(url: str, *arguments: str) -> str:
    """Run a command on that database and return what it printed."""
    ran = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(url),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
