"""A workflow's start form in the console: what is filled in, what is kept, and who may what."""

from typing import Any

import pytest
from django.test import Client
from pydantic import SecretStr

from tests.engine import define
from tests.workflows_app.console import ESCAPED, SCRIPT, field, reserve, signed_in, text
from workflows_app import begin, engine, forms
from workflows_app.models import Process, Workflow

pytestmark = pytest.mark.django_db(transaction=True)


class Customer(forms.FormPage):
    customer: str
    api_token: str = ""
    password: SecretStr = SecretStr("")


class Vlan(forms.SubmitFormPage):
    vlan: int


def two_pages():
    customer = yield Customer
    vlan = yield Vlan
    return {**customer.model_dump(mode="json"), **vlan.model_dump(mode="json")}


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", "view_process", "start_process")


@pytest.fixture
def order() -> str:
    name = define(begin >> reserve, name="order", initial_input_form=two_pages)
    Workflow.objects.filter(name=name).update(description="Order a VPN")
    return f"/admin/start/{name}/"


def post(client, page, address, **changes):
    sent = {"pages": field(page, "pages"), "key": field(page, "key")}
    return client.post(address, sent | {k.replace("__", "-"): v for k, v in changes.items()})


def reviewed(client, address):
    second = post(client, client.get(address), address, page__customer=f"SURF {SCRIPT}")
    return post(client, second, address, page__vlan="7")


def test_the_button_of_a_review_says_what_it_starts(maria, order):
    review = text(reviewed(maria, order))

    assert ">Start An example</button>" in review
    assert ESCAPED in review


def test_sending_a_review_twice_starts_one_process(maria, order):
    review = reviewed(maria, order)

    first, again = (post(maria, review, order, send="1") for _ in range(2))

    assert first["Location"] == again["Location"] == Process.objects.get().get_absolute_url()


def test_a_started_process_is_announced_by_its_own_page_alone(maria, order):
    started = maria.post(order, {**sent(reviewed(maria, order)), "send": "1"}, follow=True)

    assert list(started.context["messages"]) == []


def sent(page):
    return {"pages": field(page, "pages"), "key": field(page, "key")}


@pytest.mark.parametrize("refuse", ["predicate", "unregistered", "key"])
def test_a_refused_start_is_the_review_again_with_the_reason(maria, refuse):
    options = {}
    if refuse == "predicate":
        options["run_predicate"] = lambda context: context.inputs["vlan"] != 7 or "VLAN 7 is taken"
    define(begin >> reserve, name="order", initial_input_form=two_pages, **options)
    address = "/admin/start/order/"
    review = reviewed(maria, address)
    if refuse == "unregistered":
        Workflow.objects.filter(name="order").delete()
    if refuse == "key":
        inputs: list[dict[str, Any]] = [{"customer": "x"}, {"vlan": 1}]
        engine.start("order", inputs=inputs, by="maria", key=field(review, "key"))

    response = post(maria, review, address, send="1")

    assert response.status_code == 409
    assert "Not started: " in text(response)
    assert ESCAPED in text(response)
    assert field(post(maria, response, address, open="1"), "page-vlan") == "7"


def test_what_was_refused_can_be_sent_again(maria, order):
    review = reviewed(maria, order)
    inputs: list[dict[str, Any]] = [{"customer": "x"}, {"vlan": 1}]
    engine.start("order", inputs=inputs, by="maria", key=field(review, "key"))

    refused = post(maria, review, order, send="1")

    assert refused.status_code == 409
    assert post(maria, refused, order, send="1").status_code == 302
    assert Process.objects.count() == 2


def test_a_predicate_that_refuses_now_says_so_before_anything_is_typed(maria):
    define(begin >> reserve, name="alone", run_predicate=lambda context: context.unfinished() < 0)

    assert "Not now: It cannot be started now." in text(maria.get("/admin/start/alone/"))


def test_a_process_is_started_again_with_the_inputs_of_an_earlier_one(maria, order):
    first = {"customer": "SURF", "api_token": "swordfish", "password": "hunter2"}
    inputs: list[dict[str, Any]] = [first, {"vlan": 9}]
    earlier = engine.start("order", inputs=inputs, by="piet")

    page = maria.get(order, {"from": earlier.pk})
    second = post(maria, page, order, page__customer="SURF")

    assert field(page, "page-customer") == "SURF"
    assert field(second, "page-vlan") == "9"
    assert str(earlier.pk) in text(page)
    for secret in ("swordfish", "hunter2", "***"):
        assert secret not in text(page)


@pytest.mark.parametrize(
    "identity", ["", "x", "\0", "7f3a", "00000000-0000-4000-8000-000000000000"]
)
def test_an_earlier_process_that_is_not_there_fills_in_nothing(maria, order, identity):
    page = maria.get(order, {"from": identity})

    assert page.status_code == 200
    assert 'name="page-customer" required' in text(page)


def test_an_earlier_process_of_another_workflow_fills_in_nothing(maria, order):
    define(begin >> reserve, name="other", initial_input_form=Customer)
    earlier = engine.start("other", inputs=[{"customer": "SURF"}], by="maria")

    assert "SURF" not in text(maria.get(order, {"from": earlier.pk}))


def test_who_may_not_see_processes_or_start_this_one_gets_no_form(order):
    define(begin >> reserve, name="mine", authorize=lambda user: user.username == "maria")

    for permissions, address in (
        (["start_process"], order),
        (["view_process"], order),
        (["view_process", "start_process"], "/admin/start/mine/"),
    ):
        client = signed_in(f"u{len(permissions)}{permissions[0]}", *permissions)
        assert client.get(address).status_code == 403
