"""The registers of callbacks: to be looked at, without what opens one."""

import pytest

from callbacks_app.models import CallbackAttempt, CallbackToken
from tests.callbacks_app.conftest import GOOD
from tests.workflows_app.console import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)

ADMIN = "/admin/callbacks_app"


def test_the_registers_show_callbacks_and_requests_but_not_what_opens_them(awaiting, remote):
    root = signed_in("root", superuser=True)
    remote.post(body=GOOD, HTTP_IDEMPOTENCY_KEY="key-of-the-remote")
    callback, attempt = CallbackToken.objects.get(), CallbackAttempt.objects.get()

    pages = [
        text(root.get(f"{ADMIN}/{page}"))
        for page in (
            "callbacktoken/",
            "callbackattempt/",
            f"callbackattempt/{attempt.pk}/change/",
            f"callbacktoken/{callback.pk}/change/",
        )
    ]

    assert all(callback.public_id in page for page in pages)
    assert f'href="/admin/callbacks/{callback.public_id}/"' in pages[0]
    token = remote.routes[-1].rpartition("/")[2]
    for secret in (callback.nonce, callback.digest, callback.idempotency_key, token):
        assert secret
        assert secret not in "".join(pages)


@pytest.mark.parametrize("name", ["callbacktoken", "callbackattempt"])
def test_nothing_is_changed_in_the_registers(awaiting, remote, name):
    root = signed_in("root", superuser=True)
    remote.post("/progress", "x")
    callback, attempt = CallbackToken.objects.get(), CallbackAttempt.objects.get()
    row = callback if name == "callbacktoken" else attempt

    assert root.get(f"{ADMIN}/{name}/add/").status_code == 403
    assert root.post(f"{ADMIN}/{name}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert root.post(f"{ADMIN}/{name}/{row.pk}/change/", {}).status_code == 403


def test_the_register_costs_the_same_whatever_it_shows(awaiting, remote, django_assert_num_queries):
    root = signed_in("root", superuser=True)
    remote.post("/progress", "x")
    root.get(f"{ADMIN}/callbackattempt/")
    with django_assert_num_queries(10):
        root.get(f"{ADMIN}/callbackattempt/")
    for _ in range(3):
        remote.post(body=GOOD)
        remote.post("/heartbeat", {})
    with django_assert_num_queries(10):
        root.get(f"{ADMIN}/callbackattempt/")
