"""Requests of steps reach what the settings allow, by the address they really reach."""

import contextlib
import gzip
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat

import pytest
import requests

from workflows_app import outgoing
from workflows_app.errors import ProcessFailureError
from workflows_app.outgoing import Forbidden, ResponseTooLarge

PUBLIC = "93.184.215.14"


class Handler(BaseHTTPRequestHandler):
    """A remote system that remembers what it was asked, and how much it could answer."""

    server: "Server"

    def answer(self):
        self.server.asked.append(self.path)
        headers, body = self.server.answers.get(self.path, ({}, b"hello"))
        self.send_response(302 if "Location" in headers else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(body), 1000):
                self.wfile.write(body[start : start + 1000])
                self.server.answered += 1000

    do_GET = do_POST = answer  # noqa: N815 - http.server's names.

    def log_message(self, *_arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.accepted: list[object] = []
        self.answers: dict[str, tuple[dict[str, str], bytes]] = {}
        self.answered = 0

    def get_request(self):
        found = super().get_request()
        self.accepted.append(found[1])
        return found

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def allow(settings):
    """Change what may be reached."""

    def change(**given):
        settings.ORCHESTRATOR = {f"HTTP_{name.upper()}": value for name, value in given.items()}

    return change


@pytest.fixture
def names(monkeypatch):
    """Let a name have other addresses, one list for each time it is asked for."""

    def answer(*lists):
        answers = chain(lists, repeat(lists[-1]))

        def getaddrinfo(_host, port, *_arguments, **_options):
            return [
                (
                    socket.AF_INET6 if ":" in address else socket.AF_INET,
                    socket.SOCK_STREAM,
                    6,
                    "",
                    (address, port, 0, 0) if ":" in address else (address, port),
                )
                for address in next(answers)
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return answer


def get(url, **options):
    return outgoing.send("GET", url, timeout=5, **options)


def test_what_is_allowed_is_reached(server, allow):
    allow(denied_networks=[])

    answer = get(server.url + "/a?b=c")

    assert (answer.status_code, answer.content, answer.text) == (200, b"hello", "hello")
    assert list(answer.iter_content(2)) == [b"he", b"ll", b"o"]
    assert server.asked == ["/a?b=c"]


def test_this_host_is_not_reached_by_default(server):
    for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0"):
        with pytest.raises(Forbidden, match="which HTTP_DENIED_NETWORKS denies"):
            get(f"http://{host}:{server.server_port}/")

    assert server.accepted == []


def test_a_refusal_is_a_failure_that_names_the_address():
    with pytest.raises(ProcessFailureError) as refusal:
        get("http://127.0.0.1:1/")

    assert str(refusal.value) == (
        "http://127.0.0.1 resolves to 127.0.0.1, which HTTP_DENIED_NETWORKS denies"
    )


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("169.254.169.254", None),
        ("127.8.9.1", None),
        ("0.0.0.0", None),
        ("224.0.0.1", None),
        ("255.255.255.255", None),
        ("100.100.100.200", None),
        ("::", None),
        ("::1", None),
        ("fe80::1", None),
        ("ff02::1", None),
        ("fd00:ec2::254", None),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::ffff:169.254.169.254", "169.254.169.254"),
        ("64:ff9b::a9fe:a9fe", "169.254.169.254"),
        ("2002:7f00:1::", "127.0.0.1"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_names_for_denied_addresses_are_refused_before_connecting(names, scheme, found, shown):
    names([PUBLIC, found])

    with pytest.raises(Forbidden) as refusal:
        get(f"{scheme}://rebind.example.org/")

    assert str(refusal.value) == (
        f"{scheme}://rebind.example.org resolves to {shown or found}, "
        "which HTTP_DENIED_NETWORKS denies"
    )


def test_a_name_that_changes_its_address_is_refused_before_a_byte_is_sent(server, names):
    names([PUBLIC], ["127.0.0.1"])

    with pytest.raises(Forbidden, match=r"resolves to 127\.0\.0\.1"):
        get(f"http://rebind.example.org:{server.server_port}/secret")

    assert len(server.accepted) <= 1
    assert server.asked == []


@contextlib.contextmanager
def first_bytes():
    """Listen, and collect what the first caller sends."""
    received = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            caller, _ = listener.accept()
            with caller:
                received.append(caller.recv(1000))

        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1], received
        thread.join(5)


def test_not_even_tls_begins_with_a_name_that_changes_its_address(names):
    names([PUBLIC], ["127.0.0.1"])

    with first_bytes() as (port, received), pytest.raises(Forbidden):
        get(f"https://rebind.example.org:{port}/")

    assert received == [b""]


def test_tls_is_spoken_with_the_name_that_was_asked_for(allow, names):
    allow(denied_networks=[])
    names(["127.0.0.1"])

    with first_bytes() as (port, received), pytest.raises(requests.ConnectionError):
        get(f"https://remote.example.org:{port}/")

    assert received[0][:2] == bytes([22, ssl.TLSVersion.TLSv1 >> 8])  # A handshake.
    assert b"remote.example.org" in received[0]


def test_a_redirect_is_an_answer(server, allow):
    allow(denied_networks=["10.0.0.0/8"])
    server.answers["/away"] = ({"Location": "http://10.0.0.1/"}, b"elsewhere")
    server.answers["/here"] = ({"Location": "/"}, b"elsewhere")

    for path in ("/away", "/here"):
        answer = get(server.url + path)
        assert (answer.status_code, answer.content) == (302, b"elsewhere")
        assert answer.headers["Location"] == server.answers[path][0]["Location"]
    with outgoing.session() as session:
        assert session.get(server.url + "/here", allow_redirects=True, timeout=5).history == []
    assert "/" not in server.asked


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("api.example.org", True),
        ("API.Example.ORG", True),
        ("api.example.org.", True),
        ("a.example.net", True),
        ("a.b.example.net", True),
        ("example.net", False),
        ("badexample.net", False),
        ("example.org", False),
        ("api.example.org.evil.test", False),
        ("api.example.org@evil.test", False),
        ("127.0.0.1", False),
    ],
)
def test_only_allowed_names_are_asked(server, allow, names, host, allowed):
    allow(allowed_hosts=["api.example.org", "*.Example.net"], denied_networks=[])
    names(["127.0.0.1"])
    url = f"http://{host}:{server.server_port}/"

    if allowed:
        assert get(url).ok
    else:
        with pytest.raises(Forbidden, match="is not among HTTP_ALLOWED_HOSTS"):
            get(url)

    assert len(server.accepted) == allowed


def test_an_empty_list_allows_nothing(allow):
    allow(allowed_hosts=[])

    with pytest.raises(Forbidden):
        get("http://api.example.org/")


def test_an_allowed_name_may_not_lead_to_a_denied_network(allow, names):
    allow(allowed_hosts=["api.example.org"])
    names(["169.254.169.254"])

    with pytest.raises(Forbidden, match="HTTP_DENIED_NETWORKS"):
        get("http://api.example.org/")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.test/", "gopher://a.test/"])
def test_only_http_is_spoken(url):
    with pytest.raises(Forbidden, match="neither http nor https"):
        get(url)


def test_no_proxy_is_used(server, allow, monkeypatch):
    allow(denied_networks=[])
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert get(server.url).ok
    with pytest.raises(Forbidden, match="proxy"):
        get(server.url, proxies={"http": "http://127.0.0.1:1"})


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"x" * 1001),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"x" * 10_000_000)),
        ({"Location": "/"}, b"x" * 1001),
    ],
    ids=["plain", "packed", "redirect"],
)
def test_a_long_answer_is_not_read(server, allow, headers, body):
    allow(denied_networks=[], max_response_bytes=1000)
    server.answers["/"] = (headers, body)

    with pytest.raises(ResponseTooLarge, match="more than 1000 bytes"):
        get(server.url + "/")

    server.answers["/"] = ({}, b"x" * 1000)
    assert len(get(server.url + "/").content) == 1000


def test_the_rest_of_a_long_answer_stays_where_it_is(server, allow):
    allow(denied_networks=[], max_response_bytes=1000)
    server.answers["/"] = ({}, b"x" * 50_000_000)

    with pytest.raises(ResponseTooLarge):
        get(server.url + "/")

    assert server.answered < 25_000_000  # What fits between two sockets is less.


def test_a_body_is_sent_and_any_status_is_an_answer(server, allow):
    allow(denied_networks=[])

    answer = outgoing.send("POST", server.url + "/orders", timeout=5, json={"a": 1})

    assert answer.request.body == b'{"a": 1}'
    assert server.asked == ["/orders"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:1/", "Failed to establish"),
        ("http://no-such-host.invalid/", "Failed to resolve"),
    ],
)
def test_a_system_that_is_away_is_no_refusal(allow, url, sentence):
    allow(denied_networks=[])

    with pytest.raises(requests.ConnectionError, match=sentence):
        get(url)


def test_a_host_that_cannot_be_a_name_fails_the_process():
    with pytest.raises(ProcessFailureError, match="cannot be the name of a host"):
        get(f"http://{'a' * 70}.test/")
