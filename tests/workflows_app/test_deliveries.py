"""Notices arrive: at least once, under one id, and whatever the receiver does."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.engine import drain, run
from tests.races import Other
from tests.workflows_app.receivers import LOOPBACK, Receiver, chose, endpoint_of, person
from workflows_app import State, begin, engine, forms, inputstep, step
from workflows_app.models import Channel, Delivery, Scope, WebhookEndpoint
from workflows_app.notices import courier, deliveries
from workflows_app.notices.courier import Courier
from workflows_app.notices.deliveries import LEASE, Result, claim, pause_after
from workflows_app.notices.handing_out import hand_out

pytestmark = pytest.mark.django_db(transaction=True)

SECRET_VALUE = "a value of the state"


@step("Remember")
def remember() -> State:
    return {"vlan": SECRET_VALUE}


@inputstep("Confirm", assignee="NOC")
def confirm():
    yield forms.FormPage


@step("Boom")
def boom() -> None:
    raise RuntimeError("no light")


@pytest.fixture(autouse=True)
def quick(settings):
    settings.ORCHESTRATOR = LOOPBACK | {
        "BASE_URL": "https://orchestrator.example",
        "MAX_IDLE_SECONDS": 0.05,
        "NOTICE_TIMEOUT_SECONDS": 5,
    }


@pytest.fixture
def receiver():
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def maria():
    return person("maria", "NOC")


def failed(user, url: str) -> tuple[Delivery, WebhookEndpoint, str]:
    """Return the delivery of a failure that is due."""
    endpoint, secret = endpoint_of(user, url)
    chose(user, "failed", webhook=Scope.ALL)
    run(begin >> remember >> boom)
    hand_out()
    return Delivery.objects.get(endpoint=endpoint), endpoint, secret


def make_due() -> None:
    Delivery.objects.filter(due_at__isnull=False).update(due_at=timezone.now())


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Check a signature as a receiver does, without any code of ours."""
    signed = b".".join(
        [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]
    )
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in headers["webhook-signature"].split()


def test_a_failure_is_posted_signed_and_without_any_value_of_the_state(maria, receiver):
    delivery, endpoint, secret = failed(maria, f"{receiver.url}/hook")

    Courier().drain()

    [(_path, headers, body)] = receiver.received
    assert verified(secret, headers, body)
    assert headers["webhook-id"] == str(delivery.notice_id)
    assert SECRET_VALUE not in str(body)
    sent = json.loads(body)
    process = delivery.notice.process
    assert sent["type"] == "process.failed"
    assert sent["timestamp"] == delivery.notice.at.isoformat()
    facts = sent["data"]["process"]
    assert (facts["status"], facts["failed_reason"]) == ("failed", "no light")
    assert facts["url"] == f"https://orchestrator.example/admin/processes/{process.pk}/"
    delivery.refresh_from_db()
    endpoint.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.result) == ("delivered", 1, "answered 204")
    assert (endpoint.last_worked, endpoint.last_result) == (True, "answered 204")


@pytest.mark.parametrize(("status", "asked"), [(302, 1), (500, 1), (404, 1)])
def test_what_is_refused_is_tried_again_later_under_the_same_id(maria, receiver, status, asked):
    delivery, endpoint, _secret = failed(maria, f"{receiver.url}/hook")
    receiver.answers["/hook"] = status

    Courier().drain()

    delivery.refresh_from_db()
    endpoint.refresh_from_db()
    assert (delivery.status, delivery.result) == ("pending", f"answered {status}")
    assert delivery.due_at
    assert delivery.due_at > timezone.now()
    assert endpoint.last_worked is False
    assert [path for path, *_ in receiver.received] == ["/hook"] * asked

    receiver.answers.clear()
    make_due()
    Courier().drain()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("delivered", 2)
    assert len({headers["webhook-id"] for _path, headers, _body in receiver.received}) == 1


def test_gone_ends_the_delivery_and_disables_the_endpoint(maria, receiver):
    delivery, endpoint, _secret = failed(maria, f"{receiver.url}/hook")
    receiver.answers["/hook"] = 410

    Courier().drain()

    delivery.refresh_from_db()
    endpoint.refresh_from_db()
    assert delivery.status == "given_up"
    assert (endpoint.enabled, endpoint.disabled_because) == (False, "answered 410")


def test_after_a_day_it_is_given_up_and_says_so(maria, receiver):
    delivery, _endpoint, _secret = failed(maria, f"{receiver.url}/hook")
    receiver.answers["/hook"] = 503
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=1))

    Courier().drain()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.result) == ("given_up", "answered 503")


def test_a_sender_that_dies_after_sending_sends_again_under_the_same_id(maria, receiver):
    delivery, _endpoint, _secret = failed(maria, f"{receiver.url}/hook")
    [claimed] = claim(Channel.WEBHOOK, 1)
    assert courier._prepared(claimed)() == Result(True, "answered 204")  # And here it dies.
    assert not claim(Channel.WEBHOOK, 1), "another has it"

    make_due()  # Its lease ends.
    Courier().drain()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("delivered", 2)
    ids = [headers["webhook-id"] for _path, headers, _body in receiver.received]
    assert ids == [str(delivery.notice_id)] * 2


def test_a_sender_that_was_slow_does_not_write_over_the_next(maria):
    delivery, _endpoint, _secret = failed(maria, "http://receiver.example/")
    [slow] = claim(Channel.WEBHOOK, 1)
    make_due()
    [fast] = claim(Channel.WEBHOOK, 1)

    deliveries.settle(slow, Result(False, "no answer"))

    delivery.refresh_from_db()
    assert (delivery.status, delivery.result) == ("pending", "")
    assert not claim(Channel.WEBHOOK, 1), "the lease of the second is over"
    deliveries.settle(fast, Result(True, "answered 204"))
    deliveries.settle(slow, Result(False, "no answer"))
    delivery.refresh_from_db()
    assert (delivery.status, delivery.result) == ("delivered", "answered 204")


@pytest.mark.postgresql
def test_two_senders_that_look_at_once_do_not_both_take_a_delivery(maria, monkeypatch):
    failed(maria, "http://receiver.example/")
    others: list[Other] = []
    held = deliveries._held

    def interleave(delivery):
        if not others:  # Between the look and the claim of the first, the second claims.
            others.append(Other(lambda: claim(Channel.WEBHOOK, 1)))
            assert len(others[0].ended()) == 1
        return held(delivery)

    monkeypatch.setattr(deliveries, "_held", interleave)

    assert claim(Channel.WEBHOOK, 1) == []


def test_a_receiver_that_hangs_holds_up_no_other(maria, receiver):
    hanging, *_ = failed(maria, f"{receiver.url}/hang")
    other = person("piet")
    endpoint_of(other, f"{receiver.url}/hook")
    chose(other, "finished", webhook=Scope.ALL)
    sender = Courier()
    sender.round()
    assert receiver.arrived.wait(10)

    process = run(begin >> remember, name="while_it_hangs")
    while not Delivery.objects.filter(user=other, status="delivered").exists():
        sender.round()
        sender.wait()

    assert process.status == "completed"
    hanging.refresh_from_db()
    assert hanging.status == "pending"
    assert hanging.due_at
    assert hanging.due_at > timezone.now() + LEASE / 2
    receiver.released.set()
    sender.drain()
    hanging.refresh_from_db()
    assert hanging.status == "delivered"


def test_an_endpoint_is_sent_one_message_at_a_time(maria, receiver):
    endpoint, _secret = endpoint_of(maria, f"{receiver.url}/hang")
    chose(maria, "failed", webhook=Scope.ALL)
    for number in range(3):
        run(begin >> boom, name=f"failing_{number}")
    hand_out()
    sender = Courier()

    sender.round()
    sender.round()

    assert Delivery.objects.filter(endpoint=endpoint, attempts=1).count() == 1
    receiver.released.set()
    sender.drain()
    assert Delivery.objects.filter(endpoint=endpoint, status="delivered").count() == 3


def test_a_receiver_that_says_nothing_in_time_is_tried_again(maria, receiver, settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"NOTICE_TIMEOUT_SECONDS": 0.2}
    delivery, *_ = failed(maria, f"{receiver.url}/hang")

    Courier().drain()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.result) == ("pending", "no answer within 0.2 s")


def test_a_sending_that_never_ends_is_written_off(maria, receiver, monkeypatch):
    monkeypatch.setattr(courier, "LONGEST", 0.0)
    delivery, *_ = failed(maria, f"{receiver.url}/hang")

    Courier().drain()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.result) == ("pending", "no answer within 0 s")


@pytest.mark.parametrize(
    ("url", "settings_", "result"),
    [
        ("http://127.0.0.1:9/", {}, "this site's settings do not allow the address"),
        ("http://127.0.0.1:1/", LOOPBACK, "no connection"),
        ("http://[::1", LOOPBACK, "the address cannot be used, or what answers speaks no HTTP"),
    ],
)
def test_an_address_that_cannot_be_reached_says_why(maria, settings, url, settings_, result):
    settings.ORCHESTRATOR = {"MAX_IDLE_SECONDS": 0.05, **settings_}
    delivery, *_ = failed(maria, url)

    Courier().drain()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.result) == ("pending", result)


def test_a_secret_that_cannot_be_opened_any_more_is_said(maria, receiver, settings):
    delivery, *_ = failed(maria, f"{receiver.url}/hook")
    settings.SECRET_KEY = "n" * 50

    Courier().drain()

    delivery.refresh_from_db()
    assert delivery.result == "its secret cannot be opened: make a new one"
    assert not receiver.received


def test_what_was_answered_before_it_could_be_sent_is_dropped(maria, receiver):
    endpoint_of(maria, f"{receiver.url}/hook")
    chose(maria, "needs_input", webhook=Scope.MINE)
    process = run(begin >> confirm)
    hand_out()
    engine.submit(process.pk, inputs=[{}], by="piet")
    drain()

    Courier().drain()

    delivery = Delivery.objects.get(channel="webhook")
    assert (delivery.status, delivery.result) == ("dropped", "answered before it was sent")
    assert not receiver.received


def test_whoever_lost_the_permission_meanwhile_is_not_told(maria, receiver):
    delivery, *_ = failed(maria, f"{receiver.url}/hook")
    maria.user_permissions.clear()

    Courier().drain()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.result) == ("dropped", "no longer allowed to see it")
    assert not receiver.received


def test_what_was_due_when_its_endpoint_was_disabled_is_dropped(maria, receiver):
    delivery, endpoint, _secret = failed(maria, f"{receiver.url}/hook")
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(enabled=False)

    Courier().drain()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.result) == ("dropped", "the endpoint is disabled")


def test_what_cannot_be_written_is_tried_again_and_holds_up_no_other(maria, receiver, monkeypatch):
    first, *_ = failed(maria, f"{receiver.url}/hook")
    endpoint_of(person("piet"), f"{receiver.url}/other")
    real = courier._prepared

    def prepared(delivery):
        if delivery.pk == first.pk:
            raise KeyError("a translation without its placeholder")
        return real(delivery)

    monkeypatch.setattr(courier, "_prepared", prepared)
    chose(User.objects.get(username="piet"), "finished", webhook=Scope.ALL)
    run(begin, name="done")

    Courier().drain()

    first.refresh_from_db()
    assert (first.status, first.result) == ("pending", "it could not be written")
    assert [path for path, *_ in receiver.received] == ["/other"]


def test_pauses_grow_to_hours_and_are_never_quite_the_same():
    seconds = [pause_after(attempt).total_seconds() for attempt in range(1, 12)]

    assert 8 <= seconds[0] <= 12
    assert seconds[:6] == sorted(seconds[:6])
    assert max(seconds) <= 4 * 3600 * 1.2
    assert len({pause_after(3) for _ in range(10)}) > 1


def test_a_quiet_site_costs_three_statements_a_look(django_assert_num_queries):
    with django_assert_num_queries(3):
        Courier().round()
