"""Who calls too often is told to wait, and for how long."""

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from rest_framework.response import Response
from rest_framework.views import APIView

from callbacks_app import throttles

TOKEN = "cbt1.cb_1.key.secret"


class Answering(APIView):
    """A view with the limits of the callback endpoints."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (throttles.PerToken, throttles.PerAddress)

    def post(self, request, token=None):
        if request.headers.get("X-Refuse"):
            throttles.PerAddress().count(request)
        return Response({})


@pytest.fixture(autouse=True)
def forgetting():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def rates(settings):
    """Change the rates; at first there are none."""

    def change(*, token=None, address=None):
        settings.ORCHESTRATOR = {
            "CALLBACK_RATE_PER_TOKEN": token,
            "CALLBACK_RATE_PER_ADDRESS": address,
        }

    change()
    return change


def post(token=TOKEN, remote="192.0.2.1", forwarded=None, refuse=True):
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    headers |= {"X-Refuse": "1"} if refuse else {}
    request = RequestFactory().post("/", headers=headers, REMOTE_ADDR=remote)
    return Answering.as_view()(request, token=token)


def statuses(*answers):
    return [answer.status_code for answer in answers]


def test_a_token_has_its_rate_wherever_it_is_used(rates):
    rates(token="2/min")

    answers = [post(remote=f"192.0.2.{number}") for number in range(3)]

    assert statuses(*answers) == [200, 200, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert statuses(post(token="another")) == [200]


def test_an_address_that_is_answered_well_is_never_slowed_down(rates):
    rates(address="2/h")

    assert statuses(*(post(refuse=False) for _ in range(5))) == [200] * 5


def test_an_address_has_its_rate_of_refusals_whatever_the_token(rates):
    rates(address="2/h")

    answers = [post(token=str(number)) for number in range(3)]

    assert statuses(*answers) == [200, 200, 429]
    assert 60 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert statuses(post(remote="192.0.2.2")) == [200]


def test_a_rate_is_read_at_every_call(rates):
    rates(token="3/min")
    assert statuses(post(), post(), post(), post()) == [200, 200, 200, 429]

    rates(token="1/min")
    answer = post()
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60

    rates()
    assert statuses(post()) == [200]


def test_by_default_both_are_limited(settings):
    settings.ORCHESTRATOR = {}

    assert throttles.allowed_per_minute() == 600
    assert throttles.PerAddress().get_rate() == "600/min"


def test_a_path_without_a_token_is_limited_by_address_only(rates):
    rates(token="1/min", address="2/min")

    assert statuses(*(post(token=None) for _ in range(3))) == [200, 200, 429]


@pytest.mark.parametrize("token", [TOKEN, "é", "\ud800", "x" * 5000, "a b\n"])
def test_the_cache_has_neither_tokens_nor_addresses(rates, token):
    rates(token="10/min", address="10/min")

    post(token=token)

    kept = list(cache._cache)  # type: ignore[attr-defined]
    assert len(kept) == 2
    assert not any(token in key or "192.0.2.1" in key for key in kept)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (0, None, "192.0.2.1"),
        (1, None, "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.7, 203.0.113.9, 203.0.113.1", "203.0.113.9"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "unknown", "192.0.2.1"),
        (1, "<script>", "192.0.2.1"),
        (1, "", "192.0.2.1"),
    ],
)
def test_an_address_is_as_the_trusted_proxies_say(settings, proxies, forwarded, expected):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().post("/", headers=headers, REMOTE_ADDR="192.0.2.1")

    assert throttles.address(request) == expected


def test_the_project_trusts_no_proxy_unless_told_to(rates):
    rates(address="1/min")

    assert statuses(post(forwarded="198.51.100.1"), post(forwarded="198.51.100.2")) == [200, 429]


@pytest.mark.parametrize("remote", ["", None])
def test_a_server_on_a_socket_knows_no_address(remote):
    request = RequestFactory().post("/")
    request.META["REMOTE_ADDR"] = remote

    assert throttles.address(request) == ""
