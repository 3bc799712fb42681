"""The tutorial, done as a reader would: its files written, its commands run, in their order.

A copy of the project stands for the reader's. Only two things differ. The environment that the
first block makes is the one in which this test runs, as nothing can be downloaded here: that it
holds what is to be installed is checked. And the site listens on a free port.
"""

import contextlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
import requests
from django.urls import reverse

from tests.cluster.processes import PATIENCE_SECONDS, alive, until
from tests.docs.test_docs import ROOT
from tests.journeys.programs import Program, free_port, own_database

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

TEXT = (ROOT / "docs/tutorial.md").read_text()
PARTS = (
    *("manage.py", "pyproject.toml", "requirements", "templates"),
    *("callbacks_app", "orchestrator_project", "workflows_app"),
)
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.S)
SHIM = """#!/bin/sh
test "$*" = "-m venv .venv" || exec {python} "$@"
mkdir -p .venv/bin
echo 'PATH={bin}:$PATH; export PIP_NO_INDEX=1' > .venv/bin/activate
"""


@dataclass
class Reader:
    """Somebody with a copy of the project, who does what the tutorial says."""

    directory: Path
    environment: dict[str, str]
    port: int

    def write(self, code: str) -> None:
        """Save a file that the tutorial shows; its first line names it."""
        name = code.partition("\n")[0].removeprefix("# ")
        file = self.directory / name
        assert file.suffix == ".py", f"a block does not say which file it is: {code[:60]}"
        assert file.parent.is_dir(), f"{name}: nothing has made that folder"
        file.write_text(code)

    def run(self, *commands: str) -> str:
        """Run shell blocks in one terminal, and return what they printed."""
        shell = subprocess.run(
            ["/bin/bash", "-e", "-o", "pipefail", "-c", "\n".join(commands)],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS * 2,
        )
        assert shell.returncode == 0, f"{shell.stdout}\n{shell.stderr}"
        return shell.stdout


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    project = tmp_path / "project"
    project.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, project / part)
    commands = tmp_path / "commands"
    commands.mkdir()
    python3 = commands / "python3"
    python3.write_text(SHIM.format(python=sys.executable, bin=Path(sys.executable).parent))
    python3.chmod(python3.stat().st_mode | stat.S_IXUSR)
    port = free_port()
    with own_database(tmp_path) as database:
        surroundings = {
            "PATH": f"{commands}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "DATABASE_URL": database,
            "BASE_URL": f"http://127.0.0.1:{port}",
        }
        yield Reader(project, surroundings, port)


class Terminal(Program):
    """A terminal in which the site runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self.process = process
        self._output = output


@contextlib.contextmanager
def up(reader: Reader, *commands: str) -> Iterator[Program]:
    """Run what brings the site up, on a free port, until the block ends; then Ctrl-C."""
    script = "\n".join(commands).strip()
    assert script.endswith("\npython manage.py up")
    output = reader.directory.parent / "said"
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["/bin/bash", "-e", "-c", f"{script} --bind 127.0.0.1:{reader.port}"],
            cwd=reader.directory,
            env=reader.environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    site = Terminal(process, output)
    try:
        site.wait_for("Ctrl-C stops everything")
        yield site
        programs = site.tree()
        os.killpg(process.pid, signal.SIGINT)
        process.wait(PATIENCE_SECONDS)
        assert not list(filter(alive, programs))
    finally:
        site.stop()


def assert_fails_as_shown(reader: Reader, *commands: str) -> None:
    """Spoil the first test's answer, and compare what it says with what the tutorial shows."""
    (example,) = (block for language, block in BLOCKS if language == "text")
    file = reader.directory / "circuits/test_circuits.py"
    good = file.read_text()
    file.write_text(good.replace('{"return_code": 0', '{"return_code": 1'))
    said = plain(reader.run("set +e", *commands, "true"))
    file.write_text(good)
    for line in plain(example).splitlines():
        assert line.partition("…")[0] in said


def plain(text: str) -> str:
    """Return ``text`` without what differs from run to run: durations, ids and places."""
    text = re.sub(r" +\d+ ms", " 0 ms", text)
    text = re.sub(r'File "\S+/circuits', 'File "circuits', text)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "cc0e21b7-", text)


def confirm_in_the_console(address: str, page: str, password: str) -> None:
    """Log in, look at the process's page, and press the button."""
    with requests.Session() as browser:
        login = f"{address}{reverse('admin:login')}"
        fields = hidden(browser.get(login, timeout=30).text)
        browser.post(
            login, {**fields, "username": "admin", "password": password}, timeout=30
        ).raise_for_status()
        shown = browser.get(f"{address}{page}", timeout=30).text
        (form,) = (
            found
            for found in re.findall(r"<form .*?</form>", shown, re.DOTALL)
            if "Confirm and continue" in found
        )
        (action,) = re.findall(r'action="([^"]+)"', form)
        browser.post(f"{address}{action}", hidden(form), timeout=30).raise_for_status()


def hidden(html: str) -> dict[str, str]:
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    return {name: unescape(value) for name, value in inputs}


def test_the_tutorial_can_be_followed_to_its_end(reader):
    shell = [block for language, block in BLOCKS if language == "sh"]
    install, app, check, tests, start_site, second, order, progress, result, confirm = shell
    terminal = [". .venv/bin/activate", "export ORCHESTRATOR_APPS=circuits"]

    def shows(process: str, text: str) -> bool:
        return text in reader.run(*terminal, f"python manage.py process {process}")

    def order_and_answer() -> str:
        process: str = reader.run(second, order, "echo; echo $PROCESS").split()[-1]
        until(lambda: shows(process, "awaiting_callback"), "it awaits the callback")
        assert '"accepted"' in reader.run(*terminal, progress, result)
        until(lambda: shows(process, "suspended"), "it is suspended")
        return process

    reader.run(install, app)
    for language, code in BLOCKS:
        if language == "python":
            reader.write(code)
    assert "no issues" in reader.run(*terminal, check)
    assert "4 passed" in reader.run(*terminal, tests)
    assert_fails_as_shown(reader, *terminal, tests)
    with up(reader, *terminal, start_site) as site:
        password = site.wait_for("first login: admin / ").split()[-1]
        first = order_and_answer()
        again = reader.run(*terminal, progress.splitlines()[0], f"{result.strip()} 2>&1 || true")
        assert "error: 409" in again
        confirmed = reader.run(*terminal, f"PROCESS={first}", confirm)
        other = order_and_answer()
        page = reverse("workflows:process", args=[other])
        confirm_in_the_console(reader.environment["BASE_URL"], page, password)
        until(lambda: shows(other, "completed"), "it is completed")

    assert "Done" in confirmed
    assert '"status": "active"' in confirmed


def test_every_block_of_the_tutorial_is_one_that_is_tried():
    assert {language for language, _ in BLOCKS} == {"python", "sh", "text"}
    assert TEXT.count("```") == 2 * len(BLOCKS)
