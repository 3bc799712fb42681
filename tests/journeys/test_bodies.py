"""Bodies that are too long, of unknown length, or cut off: a clear refusal, and nothing changed."""

import json
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

GOOD = {"job_id": "1", "output": ["ok"], "return_code": 0, "status": "successful"}
MIB = 1024 * 1024


@pytest.fixture
def waiting(client, system):
    """Return a process that waits, and its callback's address."""
    process = client.start("remote_order", {"system": system.address})
    order = system.wait_for_order()
    client.until(process, "awaiting_callback")
    return process, order["callback"]


@pytest.mark.parametrize("path", ["", "/progress", "/failure"])
def test_a_body_that_is_too_long_is_refused(client, waiting, path):
    answer = post(waiting, {"output": "x" * 2 * MIB}, path=path)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert_still_open(client, waiting)


def test_a_body_that_is_too_long_and_of_unknown_length_is_refused(client, waiting):
    answer = post(waiting, ({"output": "x" * MIB} for _ in range(4)))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert_still_open(client, waiting)


def test_a_body_of_unknown_length_is_taken(client, waiting):
    process, address = waiting
    text = json.dumps(GOOD).encode()
    pieces = (text[start : start + 7] for start in range(0, len(text), 7))

    answer = requests.post(address, pieces, headers=JSON, timeout=10)

    assert (answer.status_code, answer.json()) == (200, {"code": "accepted"})
    assert client.until(process, "suspended")["state"]["callback_result"] == GOOD


@pytest.mark.parametrize(("sent", "declared"), [('{"return_code": 0, ', 500), ("12", 3), ("", 10)])
@pytest.mark.parametrize("path", ["", "/progress"])
def test_a_body_that_is_cut_off_changes_nothing(client, waiting, path, sent, declared):
    status = send_raw(waiting[1] + path, f"Content-Length: {declared}", sent)

    assert status in (None, 400)
    assert_still_open(client, waiting)


def test_a_body_in_pieces_that_is_cut_off_changes_nothing(client, waiting):
    status = send_raw(waiting[1], "Transfer-Encoding: chunked", "2\r\n12\r\n5\r\n34")

    assert status in (None, 400)
    assert_still_open(client, waiting)


def test_a_body_that_trickles_in_holds_up_nobody_else(client, system, waiting):
    url, body = urlsplit(waiting[1]), json.dumps(GOOD).encode()
    head = f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json"
    with ExitStack() as stack:
        address = (url.hostname, url.port)
        slow = [
            stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(3)
        ]
        for connection in slow:
            connection.sendall(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            connection.sendall(body[:5])

        other = client.start("remote_order", {"system": system.address})
        order = system.wait_for_order(2)
        client.until(other, "awaiting_callback")
        assert requests.post(order["callback"], json=GOOD, timeout=10).status_code == 200

        slow[0].sendall(body[5:])
        assert b" 200 " in slow[0].recv(64)
    client.until(waiting[0], "suspended")


def test_an_order_that_is_cut_off_starts_nothing(client, site):
    before = client.count()
    address = f"{site.address}/api/processes/lab_count"
    authorization = f"Authorization: {client.authorization}"

    for header in ("Content-Length: 50", "Transfer-Encoding: chunked"):
        status = send_raw(address, f"{authorization}\r\n{header}", '12\r\n[{"marks": "/tmp"}')
        assert status in (None, 400)

    assert client.count() == before


JSON = {"Content-Type": "application/json"}


def post(waiting, body, *, path=""):
    """Post JSON; in pieces if ``body`` is an iterator."""
    dumped = json.dumps(body) if isinstance(body, dict) else (json.dumps(b).encode() for b in body)
    return requests.post(f"{waiting[1]}{path}", dumped, headers=JSON, timeout=30)


def send_raw(address, headers, body):
    """Send a request and hang up on our side; return the status of the answer, if one comes."""
    url = urlsplit(address)
    head = f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json"
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(f"{head}\r\n{headers}\r\n\r\n{body}".encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    return int(answer.split()[1]) if answer else None


def assert_still_open(client, waiting):
    """The process waits as before, and the callback takes its answer."""
    process, address = waiting
    shown = client.show(process)
    assert shown["status"] == "awaiting_callback"
    assert shown["steps"][-1]["progress"] is None
    assert requests.get(address, timeout=10).json()["open"] is True
    answer = post(waiting, GOOD)
    assert (answer.status_code, answer.json()) == (200, {"code": "accepted"})
    client.until(process, "suspended")
