"""The manual for receivers: its code takes real messages, its example is complete."""

import json
import re
import threading
from http.server import HTTPServer

import pytest
import requests

from tests.docs.test_docs import ROOT, blocks, module
from tests.engine import run
from tests.workflows_app.receivers import LOOPBACK, chose, endpoint_of, person
from workflows_app import begin
from workflows_app.models import Delivery, Notice, NoticeKind, Scope
from workflows_app.notices import endpoints, webhooks
from workflows_app.notices.courier import Courier
from workflows_app.notices.handing_out import hand_out

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = (ROOT / "docs/notifications.md").read_text()
(CODE,) = blocks(TEXT)
(EXAMPLE,) = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", TEXT, re.S))
__all__ = ["module"]  # A fixture.


@pytest.fixture
def receiver(module, monkeypatch):
    """Run the manual's receiver."""
    exec(compile(CODE, "docs/notifications.md", "exec"), module.__dict__)
    monkeypatch.setattr(module.Receiver, "log_message", lambda *_arguments: None)
    server = HTTPServer(("127.0.0.1", 0), module.Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_receiver_of_the_manual_takes_a_message_once_and_no_forged_one(
    receiver, module, settings, capsys
):
    settings.ORCHESTRATOR = LOOPBACK | {"MAX_IDLE_SECONDS": 0.05}
    maria = person("maria")
    endpoint, module.SECRET = endpoint_of(maria, receiver)
    chose(maria, "finished", webhook=Scope.ALL)
    run(begin)
    hand_out()

    Courier().drain()
    Delivery.objects.update(status="pending", due_at=Notice.objects.get().at, done_at=None)
    Courier().drain()

    assert Delivery.objects.get().result == "answered 204"
    assert capsys.readouterr().out.count("process.finished") == 1
    assert endpoints.test(endpoint).text == "answered 204"
    module.SECRET = "whsec_b3RoZXI="
    assert endpoints.test(endpoint).text == "answered 401"
    assert requests.post(receiver, b"{}", timeout=5).status_code == 401


def test_the_example_has_the_keys_of_a_real_message():
    chose(person("maria"), "finished", webhook=Scope.ALL)

    message = webhooks.message(run(begin).notices.get())

    assert message.keys() == EXAMPLE.keys()
    assert message["data"]["process"].keys() == EXAMPLE["data"]["process"].keys()


def test_every_kind_of_message_is_in_the_table():
    assert set(re.findall(r"^\| `process\.(\w+)`", TEXT, re.M)) == set(NoticeKind.values)
