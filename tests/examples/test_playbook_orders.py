"""What the runner refuses: each wrong request gets a clear answer in JSON, and never a 500."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
import requests

from examples.playbook_runner.service import BODY_LIMIT
from tests.examples.callers import order, post


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"playbook_name": "unknown.yml"}, 404, "no playbook 'unknown.yml'"),
        ({"playbook_name": "../outside.yml"}, 400, "playbook_name"),
        ({"playbook_name": "/etc/passwd"}, 400, "playbook_name"),
        ({"playbook_name": "a\x00.yml"}, 400, "playbook_name"),
        ({"playbook_name": "x" * 5000 + ".yml"}, 400, "playbook_name"),
        ({"playbook_name": None}, 400, "playbook_name"),
        ({"inventory": 5}, 400, "inventory"),
        ({"inventory": [5]}, 400, "inventory"),
        ({"inventory": "\n"}, 400, "inventory"),
        ({"inventory": "a\nb ansible_connection=ssh"}, 400, "inventory: line 2"),
        ({"inventory": ["a\nb ansible_connection=ssh"]}, 400, "inventory: line 1"),
        ({"inventory": "[all:vars]\nx=1"}, 400, "inventory: line 1"),
        ({"extra_vars": []}, 400, "extra_vars"),
        ({"extra_vars": {"ansible_connection": "ssh"}}, 400, "extra_vars"),
        ({"extra_vars": {"a b": 1}}, 400, "extra_vars"),
        ({"callback": "ftp://host/"}, 400, "callback"),
        ({"callback": "http:///path"}, 400, "callback"),
        ({"callback": "http://host:99999/"}, 400, "callback"),
        ({"callback": "http://[/"}, 400, "callback"),
        ({"callback": 5}, 400, "callback"),
        ({"progress": "here"}, 400, "progress"),
    ],
)
def test_an_order_that_cannot_be_run_is_refused(service, changes, status, message):
    response = post(service, order(**changes))

    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert message in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b"[" * 9999,
    ],
)
def test_a_body_that_is_no_json_object_is_refused(service, body):
    headers = {"Content-Type": "application/json"}
    response = requests.post(f"{service}/api/playbook/", data=body, headers=headers, timeout=30)

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("PUT", "/api/playbook/", {}, b"{}", 405),
        ("GET", "/api/playbook/", {}, None, 405),
        ("POST", "/health/", {}, b"{}", 405),
        ("GET", "/nowhere/", {}, None, 404),
        ("GET", "/api/playbook/nobody/", {}, None, 404),
        ("GET", "/api/playbook/../../etc/passwd", {}, None, 404),
        ("POST", "/api/playbook/", {"Content-Type": "text/plain"}, b"{}", 415),
        ("POST", "/api/playbook/", {}, b"{}", 415),
        ("POST", "/api/playbook/", {}, b" " * 8 * BODY_LIMIT, 413),
        ("POST", "/api/playbook/", {"Content-Length": "x"}, None, 400),
        ("POST", "/api/playbook/", {"Content-Length": "-1"}, None, 400),
        ("POST", "/api/playbook/", {"Transfer-Encoding": "chunked"}, None, 411),
        ("JUMP", "/api/playbook/", {}, None, 501),
        ("GET", "/health/", {}, None, 200),
    ],
)
def test_a_request_is_answered_in_json(service, method, path, headers, body, status):
    connection = http.client.HTTPConnection(urlsplit(service).netloc, timeout=30)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = json.loads(response.read())
    connection.close()

    assert response.status == status
    assert status == 200 or (content["status"] == status and content["detail"])


def test_a_link_does_not_lead_out_of_the_playbooks(service, playbooks):
    (playbooks / "link.yml").unlink(missing_ok=True)
    (playbooks / "link.yml").symlink_to(playbooks.parent / "outside.yml")

    assert post(service, order(playbook_name="link.yml")).status_code == 404


def test_what_is_not_http_is_refused_too(service):
    address = urlsplit(service)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/one\r\n\r\n")
        answer = connection.makefile("rb").read()

    assert b"400" in answer
    assert b"500" not in answer.partition(b"\r\n")[0]
