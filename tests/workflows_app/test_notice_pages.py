"""The bell, the list of notices, and the page on which people choose: what they show to whom."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.engine import run
from tests.workflows_app.console import ESCAPED, SCRIPT, text
from tests.workflows_app.receivers import LOOPBACK, Receiver, chose, endpoint_of, person
from workflows_app import begin, engine, forms, inputstep, step
from workflows_app.models import (
    Delivery,
    Notice,
    NoticeChoice,
    Process,
    ProcessEvent,
    Scope,
    WebhookEndpoint,
)
from workflows_app.notices import choices, endpoints
from workflows_app.notices.handing_out import hand_out
from workflows_app.sealing import unseal

pytestmark = pytest.mark.django_db(transaction=True)

BELL, LIST, CHOICES = "/admin/notices/bell/", "/admin/notices/", "/admin/notifications/"
HOOK = "https://chat.example/hook"


@inputstep("Confirm", assignee="NOC")
def confirm():
    yield forms.FormPage


@step("Boom")
def boom() -> None:
    raise RuntimeError(f"no light {SCRIPT}")


@pytest.fixture
def noor() -> User:
    return person("noor", "NOC")


@pytest.fixture
def client(noor) -> Client:
    client = Client()
    client.force_login(noor)
    return client


def asked(number: int = 1) -> Process:
    """Return a process that waits for the NOC, of which the people concerned are told."""
    for _ in range(number):
        process = run(begin >> confirm)
    hand_out()
    return process


def settings_of(**scopes: str) -> dict[str, str]:
    """Return the form of choices as a browser sends it, with everything off but ``scopes``."""
    kinds, channels = ("needs_input", "failed", "finished"), ("browser", "email", "webhook")
    everything = {f"{kind}-{channel}": "off" for kind in kinds for channel in channels}
    return everything | {name.replace("__", "-"): scope for name, scope in scopes.items()}


def count(client: Client) -> str:
    found = re.search(r'wc-bell-count"[^>]*>([^<]*)<', text(client.get(BELL)))
    return found[1] if found else ""


def test_the_bell_counts_what_is_unread_and_not_yet_answered(client):
    assert count(client) == ""
    first, second = asked(), asked()
    assert count(client) == "2"

    engine.submit(first.pk, inputs=[{}], by="piet")
    assert count(client) == "1"
    answered = text(client.get(LIST))
    assert "answered by piet" in answered

    opened = client.get(f"/admin/notices/{Delivery.objects.get(notice__process=second).pk}/")
    assert opened["Location"] == second.get_absolute_url()
    assert count(client) == ""
    assert not Delivery.objects.get(notice__process=first).read_at


def test_the_bell_answers_304_until_there_is_news(client):
    asked()
    tag = client.get(BELL)["ETag"]
    assert client.get(BELL, headers={"if-none-match": tag}).status_code == 304

    asked()

    assert client.get(BELL, headers={"if-none-match": tag}).status_code == 200


def test_the_bell_stops_at_99(client):
    asked()
    told = Delivery.objects.get()
    Notice.objects.bulk_create(
        Notice(process=told.notice.process, kind="failed") for _ in range(120)
    )
    Delivery.objects.bulk_create(
        Delivery(
            notice=notice,
            user=told.user,
            channel="browser",
            status="delivered",
            due_at=None,
            done_at=timezone.now(),
        )
        for notice in Notice.objects.filter(kind="failed")
    )

    assert count(client) == "99+"


def test_an_abort_says_who_aborted(client):
    process = asked()
    engine.abort(process.pk, by="piet")

    assert "aborted by piet" in text(client.get(LIST))
    assert count(client) == ""


def test_a_failure_that_was_seen_to_says_how_the_process_stands_now(client, noor):
    chose(noor, "failed", browser=Scope.ALL)
    process = run(begin >> boom)
    hand_out()
    assert "now resumed" not in text(client.get(LIST))

    engine.retry(process.pk, by="piet")

    assert "now resumed" in text(client.get(LIST))


def test_all_are_marked_as_read_but_what_came_after_the_page(client):
    asked(2)
    page = text(client.get(LIST))
    shown = re.search(r'name="up_to" value="(\d+)"', page)
    assert shown
    asked()

    client.post(f"{LIST}read/", {"up_to": shown[1]})

    assert count(client) == "1"


def test_the_list_is_read_page_by_page(client, noor, monkeypatch):
    monkeypatch.setattr("workflows_app.console.notices.SIZE", 2)
    asked(5)
    seen: list[str] = []

    address = LIST
    while address:
        page = text(client.get(address))
        seen += re.findall(r'href="/admin/notices/(\d+)/"', page.split("<tbody>")[1])
        older = re.search(r'rel="next" href="([^"]*)"', page)
        address = older[1].replace("&amp;", "&") if older else ""

    assert seen == [str(row.pk) for row in Delivery.objects.order_by("-pk")]
    assert len(seen) == 5


def test_nobody_sees_or_reads_what_another_was_told(client):
    asked()
    told = Delivery.objects.get()
    other = Client()
    other.force_login(person("other"))

    assert other.get(f"/admin/notices/{told.pk}/").status_code == 404
    other.post(f"{LIST}read/", {"up_to": told.pk})
    assert "Confirm" not in text(other.get(LIST))
    assert count(client) == "1"


@pytest.mark.parametrize("page", [BELL, LIST, CHOICES])
def test_the_pages_are_for_those_who_may_look(page, noor):
    noor.user_permissions.clear()
    client = Client()
    assert client.get(page).status_code in (286, 302)
    client.force_login(noor)
    assert client.get(page).status_code == 403


@pytest.mark.parametrize(
    ("page", "queries"),
    [(BELL, 6), (LIST, 11), (CHOICES, 11)],
)
def test_pages_cost_the_same_for_two_notices_and_for_twenty(
    client, noor, page, queries, django_assert_max_num_queries
):
    endpoint_of(noor, HOOK)
    chose(noor, "needs_input", browser=Scope.MINE, webhook=Scope.MINE, email=Scope.MINE)
    spent = []
    for number in (2, 18):
        asked(number)
        with django_assert_max_num_queries(queries) as counted:
            assert client.get(page).status_code == 200
        spent.append(len(counted))

    assert spent[0] == spent[1]


def test_nothing_that_was_told_is_rendered_as_html(client, noor):
    chose(noor, "failed", browser=Scope.ALL)
    run(begin >> boom)
    hand_out()

    page = text(client.get(LIST))

    assert SCRIPT not in page
    assert ESCAPED in page


@pytest.mark.parametrize(
    "address",
    [
        f"{LIST}?before=x",
        f"{LIST}?before=%00",
        f"{LIST}?before=-1",
        f"{LIST}?before={10**40}",
        f"{LIST}?before={2**63 - 1}&show=unread",
        f"{LIST}?show=%F0%9F%92%A9",
    ],
)
def test_an_address_made_by_hand_shows_the_list(client, address):
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("number", ["0", str(2**63), "9" * 40])
def test_what_is_not_there_is_not_found(client, number):
    assert client.get(f"{LIST}{number}/").status_code == 404
    assert client.post(f"{CHOICES}webhooks/{number}/test/").status_code == 404
    assert client.post(f"{CHOICES}deliveries/{number}/again/").status_code == 404


def test_everybody_is_told_of_what_waits_for_them_until_they_choose_otherwise(client, noor):
    chosen = re.findall(r'value="(\w+)" selected', text(client.get(CHOICES)))
    assert chosen == ["mine", *["off"] * 8]

    client.post(CHOICES, settings_of(failed__email="all") | {"failed-tasks": "on"})

    assert choices.choices_of(noor)["needs_input"].browser == Scope.OFF
    saved = NoticeChoice.objects.get(kind="failed")
    assert (saved.browser, saved.email, saved.webhook, saved.tasks) == ("off", "all", "off", True)
    assert Delivery.objects.count() == 0
    asked()
    assert count(client) == ""


@pytest.mark.parametrize(
    "sent", [{}, settings_of(failed__email="everything"), settings_of(failed__email="\0")]
)
def test_choices_made_by_hand_are_refused_and_nothing_is_saved(client, sent):
    assert client.post(CHOICES, sent).status_code == 400
    assert not NoticeChoice.objects.exists()


def test_a_webhook_s_secret_is_shown_once_and_stored_sealed(client):
    client.post(f"{CHOICES}webhooks/", {"name": "Chat", "url": HOOK})

    page = text(client.get(CHOICES))
    endpoint = WebhookEndpoint.objects.get()
    secret = unseal(endpoint.secret)
    assert secret in page
    assert secret not in endpoint.secret
    assert secret not in text(client.get(CHOICES))
    event = ProcessEvent.objects.get(action="webhook added")
    assert (event.actor, event.details) == ("noor", {"name": "Chat", "host": "chat.example"})


def test_a_new_secret_signs_beside_the_former_one_for_a_day(client, noor):
    endpoint, former = endpoint_of(noor, HOOK)

    client.post(f"{CHOICES}webhooks/{endpoint.pk}/rotate/")

    endpoint.refresh_from_db()
    assert unseal(endpoint.previous_secret) == former
    assert unseal(endpoint.secret) in text(client.get(CHOICES))
    assert endpoint.previous_until
    assert endpoint.previous_until > timezone.now() + timedelta(hours=23)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "chat",
        "ftp://chat.example/",
        "javascript:alert(1)",
        "http://",
        "http://[::1",
        "https://user:word@chat.example/",
        "https://chat.example/" + "x" * 2000,
    ],
)
def test_an_address_that_cannot_be_a_webhook_s_is_refused_with_what_was_typed(client, url):
    answer = client.post(f"{CHOICES}webhooks/", {"name": "Chat", "url": url})

    assert answer.status_code == 400
    assert 'value="Chat"' in text(answer)
    assert not WebhookEndpoint.objects.exists()


def test_nobody_has_more_endpoints_than_are_sensible(client, noor):
    for _ in range(endpoints.MOST):
        endpoint_of(noor, HOOK)

    answer = client.post(f"{CHOICES}webhooks/", {"url": HOOK})

    assert answer.status_code == 400
    assert "10 webhooks" in text(answer)


def test_a_test_says_at_once_whether_the_receiver_answers(client, noor, settings):
    settings.ORCHESTRATOR = LOOPBACK
    receiver = Receiver()
    endpoint, _secret = endpoint_of(noor, f"{receiver.url}/hook")
    test = f"{CHOICES}webhooks/{endpoint.pk}/test/"
    try:
        assert "Chat works: answered 204." in text(client.post(test, follow=True))
        receiver.answers["/hook"] = 500
        assert "Chat does not work: answered 500." in text(client.post(test, follow=True))
        receiver.answers["/hook"] = 410
        assert "disabled" in text(client.post(test, follow=True))
    finally:
        receiver.close()


def test_an_endpoint_is_disabled_enabled_and_deleted_by_its_owner_only(client, noor):
    endpoint, _secret = endpoint_of(noor, HOOK)
    other = Client()
    other.force_login(person("other"))

    for deed in ("test", "rotate", "enable", "disable", "delete"):
        address = f"{CHOICES}webhooks/{endpoint.pk}/{deed}/"
        assert other.post(address).status_code == 404
        assert client.get(address).status_code == 405

    for deed, enabled in (("disable", False), ("enable", True)):
        client.post(f"{CHOICES}webhooks/{endpoint.pk}/{deed}/")
        assert WebhookEndpoint.objects.get().enabled is enabled
    client.post(f"{CHOICES}webhooks/{endpoint.pk}/delete/")
    assert not WebhookEndpoint.objects.exists()


def test_what_was_given_up_can_be_tried_again(client, noor):
    endpoint_of(noor, HOOK)
    chose(noor, "needs_input", webhook=Scope.MINE)
    asked()
    Delivery.objects.update(
        status="given_up", due_at=None, done_at=timezone.now(), result="answered 500"
    )
    delivery = Delivery.objects.get()
    assert "answered 500" in text(client.get(CHOICES))

    client.post(f"{CHOICES}deliveries/{delivery.pk}/again/")
    client.post(f"{CHOICES}deliveries/{delivery.pk}/again/")

    delivery.refresh_from_db()
    assert delivery.status == "pending"
    assert delivery.due_at
