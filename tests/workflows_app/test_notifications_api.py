"""One's own choices and webhooks over HTTP, and nobody else's."""

import pytest
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.workflows_app.receivers import LOOPBACK, Receiver, endpoint_of, person
from workflows_app.models import NoticeChoice, WebhookEndpoint
from workflows_app.sealing import unseal

pytestmark = pytest.mark.django_db(transaction=True)

CHOICES, WEBHOOKS = "/api/notifications/choices", "/api/notifications/webhooks"
EVERYTHING = {"browser": "all", "email": "started", "webhook": "mine", "tasks": True}


def client(user: User) -> APIClient:
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
    return made


@pytest.fixture
def maria() -> User:
    return person("maria")


@pytest.fixture
def api(maria) -> APIClient:
    return client(maria)


@pytest.fixture
def other() -> APIClient:
    return client(person("other"))


def test_choices_are_shown_and_changed_kind_by_kind(api, other):
    assert [row["kind"] for row in api.get(CHOICES).json()] == ["needs_input", "failed", "finished"]
    assert api.get(CHOICES).json()[0]["browser"] == "mine"

    answer = api.put(f"{CHOICES}/failed", EVERYTHING)

    assert (answer.status_code, answer.json()) == (200, {"kind": "failed", **EVERYTHING})
    assert api.get(CHOICES).json()[1] == {"kind": "failed", **EVERYTHING}
    assert other.get(CHOICES).json()[1]["browser"] == "off"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("failed", {}, 400),
        ("failed", EVERYTHING | {"email": "everything"}, 400),
        ("failed", EVERYTHING | {"tasks": "perhaps"}, 400),
        ("failed", [1], 400),
        ("nothing", EVERYTHING, 404),
    ],
)
def test_what_cannot_be_chosen_is_refused(api, kind, body, status):
    answer = api.put(f"{CHOICES}/{kind}", body)

    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert not NoticeChoice.objects.exists()


def test_a_webhook_lives_and_its_secret_is_told_when_it_is_made(api):
    made = api.post(WEBHOOKS, {"name": "Chat", "url": "https://chat.example/hook"})
    assert made.status_code == 201
    number, secret = made.json()["id"], made.json()["secret"]
    assert unseal(WebhookEndpoint.objects.get().secret) == secret
    [row] = api.get(WEBHOOKS).json()
    assert (row["id"], row["name"], row["enabled"]) == (number, "Chat", True)
    assert "secret" not in row

    renewed = api.post(f"{WEBHOOKS}/{number}/secret")
    assert renewed.json()["secret"] == unseal(WebhookEndpoint.objects.get().secret) != secret
    assert api.patch(f"{WEBHOOKS}/{number}", {"enabled": False}).json()["enabled"] is False
    assert api.delete(f"{WEBHOOKS}/{number}").status_code == 204
    assert api.get(WEBHOOKS).json() == []


def test_a_test_says_what_came_of_it(api, maria, settings):
    settings.ORCHESTRATOR = LOOPBACK
    receiver = Receiver()
    endpoint, _secret = endpoint_of(maria, f"{receiver.url}/hook")
    try:
        answer = api.post(f"{WEBHOOKS}/{endpoint.pk}/test").json()
    finally:
        receiver.close()

    assert answer == {"delivered": True, "result": "answered 204"}


@pytest.mark.parametrize("url", ["chat", "ftp://chat.example/", "https://a:b@chat.example/", "\0"])
def test_an_address_that_cannot_be_a_webhook_s_is_refused(api, url):
    assert api.post(WEBHOOKS, {"url": url}).status_code == 400
    assert not WebhookEndpoint.objects.exists()


def test_webhooks_of_others_are_not_there(other, maria):
    endpoint, _secret = endpoint_of(maria, "https://chat.example/hook")
    for number in (endpoint.pk, 2**63, 10**30):
        address = f"{WEBHOOKS}/{number}"
        assert other.delete(address).status_code == 404
        assert other.patch(address, {"enabled": False}).status_code == 404
        assert other.post(f"{address}/secret").status_code == 404
        assert other.post(f"{address}/test").status_code == 404

    assert other.get(WEBHOOKS).json() == []
    assert WebhookEndpoint.objects.get().enabled


def test_it_is_for_those_who_may_look_at_processes():
    blind = client(User.objects.create_user("blind"))

    assert blind.get(CHOICES).status_code == 403
    assert blind.get(WEBHOOKS).status_code == 403
    assert APIClient().get(WEBHOOKS).status_code == 401
