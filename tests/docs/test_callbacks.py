"""The manual for remote systems: its requests are taken, its code runs, its table is complete."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from callbacks_app import advice, signatures, tokens
from callbacks_app.options import CallbackOptions
from callbacks_app.problems import STATUS_CODES
from callbacks_app.views import RECEIPT_CODES
from tests.callbacks_app.conftest import Remote, ask, callback_of
from tests.docs.answers import table
from tests.docs.flaky import flaky_network
from tests.docs.test_docs import ROOT, blocks, module
from tests.engine import drain, run, state
from workflows_app import begin

TEXT = (ROOT / "docs/callbacks.md").read_text()
AUTHORS = (ROOT / "docs/workflows.md").read_text()
__all__ = ["module"]  # A fixture.

(CLIENT, SIGNER) = blocks(TEXT)
BY_HAND = {"reason_missing"}  # Told to people, not to remote systems.
SECRET = "whsec_bmV3IHNlY3JldCBvZiAyNCBieXRlcyEh"


def fenced(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


COMMANDS = [
    line
    for block in fenced("sh")
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("curl")
]


@pytest.fixture
def remote():
    return Remote()


@pytest.mark.django_db(transaction=True)
def test_the_careful_playbook_of_the_authors_manual_runs(module, client):
    (code,) = (block for block in blocks(AUTHORS) if "confirmed = " in block)
    exec(compile(code, "docs/workflows.md", "exec"), module.__dict__)
    process = run(module.confirmed)
    route = tokens.route(callback_of(process))

    unfit = client.post(route, {"return_code": "?"}, content_type="application/json")
    fit = client.post(route, {"return_code": 0, "status": "ok"}, content_type="application/json")
    drain()

    assert (unfit.status_code, fit.status_code) == (422, 200)
    process.refresh_from_db()
    assert (process.status, process.assignee) == ("suspended", "NOC")


def test_every_option_is_in_the_authors_manual():
    for option in fields(CallbackOptions):
        assert f"| `{option.name}` |" in AUTHORS


def defined_in(code):
    names: dict[str, Any] = {}
    exec(compile(code, "docs/callbacks.md", "exec"), names)
    return names


def test_the_table_lists_the_answers():
    assert table() in TEXT, "run python -m tests.docs.answers and paste what it prints"


def test_the_table_has_every_answer_of_the_endpoints():
    listed = {(answer.status, answer.code) for answer in advice.ANSWERS}
    expected: set[tuple[int, str]] = {(status, code) for code, status in RECEIPT_CODES.items()}
    expected |= {(status, error.code) for error, status in STATUS_CODES.items()}

    assert {row for row in expected if row[1] not in BY_HAND} <= listed


def test_the_table_has_every_code_that_the_source_names():
    named: set[str] = set()
    for name in ("answers", "payloads", "problems", "views", "incoming", "throttles", "signatures"):
        source = (ROOT / f"callbacks_app/{name}.py").read_text()
        closed = r'_closed\((?:_\()?"[^"]*"\)?, '
        named |= set(re.findall(rf'(?:code=|{closed}|problem\(\d+, )"(\w+)"', source))

    assert {"superseded", "finished", "malformed_key", "unavailable"} <= named
    assert named <= {answer.code for answer in advice.ANSWERS}


def sent(command, remote):
    """Send what a curl command would, and return the answer."""
    words = shlex.split(command)[1:]
    method, headers, data, url = "GET", {}, "", ""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-d":
            data = words.pop(0)
        else:
            url = word.replace("$CALLBACK", remote.routes[-1])
    content_type = headers.pop("Content-Type", "")
    return remote.client.generic(method, url, data, content_type=content_type, headers=headers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", COMMANDS)
def test_the_requests_of_the_manual_are_taken(command, remote):
    run(begin >> ask(remote, extend_limit=3600))

    assert sent(command, remote).status_code in (200, 204)


def test_every_endpoint_has_a_request():
    addresses = {word for command in COMMANDS for word in shlex.split(command) if "$" in word}

    suffixes = {address.removeprefix("$CALLBACK") for address in addresses}
    assert suffixes == {"", "/failure", "/progress", "/heartbeat", "/openapi.json"}


@pytest.mark.django_db(transaction=True)
def test_the_client_of_the_manual_ends_the_process_once_over_a_flaky_network(remote, live_server):
    process = run(begin >> ask(remote))
    result = {"job_id": "17", "return_code": 0, "status": "successful"}

    with flaky_network(live_server.url) as (address, seen):
        taken = defined_in(CLIENT)["answer"](f"{address}{remote.routes[-1]}", result, key="job-17")

    assert taken is True
    assert seen == ["503", "200 dropped", "200"]
    drain()
    process.refresh_from_db()
    assert (process.status, state(process)["callback_result"]) == ("completed", result)
    attempts = callback_of(process).attempts.filter(kind="result")
    assert [(row.outcome, row.times) for row in attempts] == [("accepted", 1), ("replayed", 1)]


@pytest.mark.django_db(transaction=True)
def test_the_client_of_the_manual_stops_when_it_is_told_to(remote, live_server):
    run(begin >> ask(remote))
    answer, url = defined_in(CLIENT)["answer"], f"{live_server.url}{remote.routes[-1]}"
    assert answer(url, {"return_code": 0}, key="first")

    assert answer(url, {"return_code": 0}, key="second") is False  # 409
    assert answer(url, {"return_code": 1}, key="first") is False  # 422
    assert answer(f"{url}x", {"return_code": 0}, key="first") is False  # 404


def test_the_signature_of_the_manual_is_good():
    body = b'{"return_code": 0}'

    headers = defined_in(SIGNER)["signed"](SECRET, "job-17", body)

    signatures.verify(headers, body, secrets=[SECRET], now=timezone.now())


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_the_signature_of_the_manuals_shell_is_good():
    (script,) = fenced("bash")
    shown = 'curl() { printf "%s\\n" "$@"; }; CALLBACK=x; SECRET=' + SECRET + "\n" + script
    ran = subprocess.run(["sh", "-c", shown], capture_output=True, text=True, check=True)
    words = ran.stdout.splitlines()

    headers = dict(word.split(": ", 1) for word in words if ": " in word and word[0] != "{")
    (body,) = (word for word in words if word.startswith("{"))

    now = timezone.now() + timedelta(seconds=1)
    signatures.verify(headers, body.encode(), secrets=[SECRET], now=now)
    assert json.loads(body) == {"return_code": 0}


@pytest.mark.parametrize(
    ("uri", "logged"),
    [
        ("/api/processes/1-2/callback/cbt1.a.b.c", "/api/processes/1-2/callback/[hidden]"),
        (
            "/api/processes/1-2/callback/cbt1.a.b.c/progress?x=1",
            "/api/processes/1-2/callback/[hidden]/progress?x=1",
        ),
        (
            "/api/mistral/cbt1.a.b.c/v2/action-executions/7",
            "/api/mistral/[hidden]/v2/action-executions/7",
        ),
        ("/api/processes/", "/api/processes/"),
    ],
)
def test_nginx_logs_no_token(uri, logged):
    (server,) = fenced("nginx")
    ((pattern, written),) = re.findall(r'"~(\S+)" "(\S+)";', server)

    match = re.fullmatch(pattern.replace("(?<", "(?P<").strip("^$"), uri)

    for name, part in match.groupdict().items() if match else ():
        written = written.replace(f"${{{name}}}", part)
    assert (written if match else uri) == logged
