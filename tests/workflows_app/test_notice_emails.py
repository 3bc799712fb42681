"""Notices by e-mail: in the reader's language and time, and to a real mail server."""

import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
from django.core import mail
from django.utils import translation

from tests.engine import run
from tests.workflows_app.receivers import chose, person
from workflows_app import State, begin, forms, inputstep, step
from workflows_app.models import Delivery, Preferences, Process, Scope
from workflows_app.notices import emails
from workflows_app.notices.courier import Courier
from workflows_app.notices.handing_out import hand_out

pytestmark = pytest.mark.django_db(transaction=True)

VALUE = "a value of the state"


@inputstep("Confirm", assignee="NOC")
def confirm():
    yield forms.FormPage


@step("Remember")
def remember() -> State:
    return {"vlan": VALUE}


@step("Boom")
def boom() -> None:
    raise RuntimeError("no light\r\nBcc: all@example.org")


@pytest.fixture(autouse=True)
def site(settings):
    settings.ORCHESTRATOR = {"BASE_URL": "https://orchestrator.example", "MAX_IDLE_SECONDS": 0.05}
    settings.DEFAULT_FROM_EMAIL = "orchestrator@example.org"


def told(steps, kind: str, **options) -> Process:
    """Run a process of which noor is told by e-mail."""
    noor = person("noor", "NOC")
    chose(noor, kind, email=Scope.ALL)
    process = run(begin >> remember >> steps, **options)
    hand_out()
    return process


def test_an_e_mail_says_what_is_needed_of_whom_and_where():
    process = told(confirm, "needs_input")

    Courier().drain()

    [sent] = mail.outbox
    delivery = Delivery.objects.get()
    assert sent.to == ["noor@example.org"]
    assert sent.subject == f"{process.workflow} needs input: Confirm"
    for fact in ("Waits for: NOC", "Started by: maria", f"/admin/processes/{process.pk}/"):
        assert fact in sent.body
    assert "https://orchestrator.example/admin/notifications/" in sent.body
    assert VALUE not in sent.message().as_string()
    assert sent.extra_headers["Message-ID"].startswith(f"<{delivery.notice_id}.")
    assert (delivery.status, delivery.result) == ("delivered", "sent")


def test_what_a_step_raised_cannot_add_a_header():
    told(boom, "failed")

    Courier().drain()

    [sent] = mail.outbox
    assert sent.recipients() == ["noor@example.org"]
    assert "Reason: no light" in sent.body


def test_the_reader_s_language_and_time_zone_are_used_and_left_behind(settings):
    process = told(confirm, "needs_input")
    Preferences.objects.create(
        user=Delivery.objects.get().user, language="nl", time_zone="Asia/Tokyo"
    )

    with translation.override("en"):
        Courier().drain()
        assert translation.get_language() == "en"

    assert "JST" in mail.outbox[0].body
    assert str(process.pk) in mail.outbox[0].body


def test_a_site_without_a_mail_server_says_so_and_tries_again(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = ""
    told(boom, "failed")

    Courier().drain()

    delivery = Delivery.objects.get()
    assert not emails.available()
    assert (delivery.status, delivery.result) == (
        "pending",
        "this site has no mail server (EMAIL_HOST)",
    )


class MailServer(threading.Thread):
    """A mail server for one connection at a time, as little of RFC 5321 as a client needs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.refused = ""
        self.messages: list[bytes] = []
        self.start()

    def run(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                self._serve(stream)

    def _serve(self, stream) -> None:
        def say(line: str) -> None:
            stream.write(f"{line}\r\n".encode())
            stream.flush()

        say("220 mail.example")
        while line := stream.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                say("354 go on")
                body = b""
                while (part := stream.readline()) != b".\r\n":
                    body += part
                self.messages.append(body)
                say("250 kept")
            elif verb == b"RCPT" and self.refused:
                say(self.refused)
            else:
                say("221 bye" if verb == b"QUIT" else "250 ok")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    running = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
    yield running
    running.close()


def test_a_real_mail_server_gets_it(server):
    told(confirm, "needs_input")

    Courier().drain()

    [raw] = server.messages
    message = message_from_bytes(raw, policy=policy.default)
    assert message["To"] == "noor@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert "Waits for: NOC" in message.get_content()


def test_a_mail_server_that_refuses_is_asked_again_later(server):
    server.refused = "550 no such mailbox"
    told(confirm, "needs_input")

    Courier().drain()

    delivery = Delivery.objects.get()
    assert delivery.result == "the mail server does not take mail for this address"
    assert delivery.status == "pending"


def test_a_mail_server_that_is_away_is_asked_again_later(server, settings):
    settings.EMAIL_PORT = 1
    told(confirm, "needs_input")

    Courier().drain()

    assert Delivery.objects.get().result == "the mail server cannot be reached, or takes no mail"
