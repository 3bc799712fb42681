"""Subscriptions and customers to choose from: what is offered, taken, refused, and to whom."""

import re
from typing import Annotated
from uuid import UUID

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pydantic import Field, TypeAdapter, ValidationError, create_model

from tests.engine import define, drain
from tests.unit.rendered import Rendered, render
from tests.workflows_app.console import reserve, signed_in, text
from workflows_app import begin, engine, inputstep
from workflows_app.forms import Choice, OrganisationId, SubmitFormPage
from workflows_app.models import Process, Product, Subscription, Workflow
from workflows_app.pickers import CustomerId, SubscriptionId, subscription_id
from workflows_app.pickers.customers import customers
from workflows_app.pickers.offers import MOST_OFFERS
from workflows_app.pickers.subscriptions import SubscriptionRule, Subscriptions
from workflows_app.subscriptions import modify_workflow
from workflows_app.wizard import page_inputs

pytestmark = pytest.mark.django_db(transaction=True)

PICKERS = ("view_process", "start_process", "resume_process", "view_subscription")


@pytest.fixture
def product() -> Product:
    return Product.objects.create(name="VPN 1G", product_type="VPN", tag="VP")


@pytest.fixture
def other() -> Product:
    return Product.objects.create(name="IP", product_type="Internet", tag="IP")


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", *PICKERS)


def stored(product, description="Circuit", customer="SURF", **columns) -> Subscription:
    columns = {"status": "active", "insync": True, **columns}
    return Subscription.objects.create(
        product=product, description=description, customer_id=customer, **columns
    )


def found(query="", **rule) -> list[str]:
    offers = Subscriptions(SubscriptionRule(**rule)).search(query)
    return [offer.label.partition(" · ")[0] for offer in offers.found]


def page_of(annotation, default=...):
    return create_model("Page", __base__=SubmitFormPage, value=(annotation, default))


def site_search(typed):
    """Find customers as a site's own function would."""
    known = {"1": "Polar Institute", "2": "City Library", "3": "Science Park"}
    return [(key, name) for key, name in known.items() if typed in (key, "") or typed in name]


# What is offered.


def test_words_are_looked_for_in_description_customer_product_and_id(product, other):
    one = stored(product, "Amsterdam - Utrecht", "Library")
    stored(other, "Utrecht - Groningen", "SURF")

    for query in ("amster", "utr libr", "VPN", str(one.pk), str(one.pk)[:9], "UTRECHT 1g"):
        assert found(query) == ["Amsterdam - Utrecht"], query
    assert found("amster groningen") == []
    assert found("\0") == found("") == ["Utrecht - Groningen", "Amsterdam - Utrecht"]


def test_at_most_so_many_are_offered_and_more_is_said(product):
    for number in range(MOST_OFFERS + 5):
        stored(product, f"Circuit {number:03}")
    source = Subscriptions(SubscriptionRule())

    assert len(source.search("").found) == MOST_OFFERS
    assert source.search("").said == "The first 20 are shown. Type more to see others."
    assert source.search("024").said == "1 fits."
    assert source.search("zzz").said == "Nothing fits “zzz”."


@pytest.mark.parametrize(
    ("rule", "annotation"),
    [
        ({"product_types": ("VPN",)}, {"product_types": ["VPN"]}),
        ({"tags": ("VP",)}, {"tags": ["VP"]}),
        ({"statuses": ("active",)}, {"allowed_statuses": ["active"]}),
        ({"customer_id": "SURF"}, {"customer_id": "SURF"}),
        ({"insync": True}, {"insync": True}),
    ],
    ids=lambda value: "-".join(value),
)
def test_the_authors_rule_holds_for_what_is_offered_and_for_what_is_taken(
    product, other, rule, annotation
):
    good = stored(product, "good")
    bad = stored(other, "bad", "Other", status="terminated", insync=False)
    taken = TypeAdapter(subscription_id(**annotation))

    assert found(**rule) == ["good"]
    assert taken.validate_python(str(good.pk)) == good.pk
    with pytest.raises(ValidationError, match=r"This subscription does not fit\. Its? "):
        taken.validate_python(str(bad.pk))


def test_a_product_and_an_excluded_subscription_are_part_of_the_rule(product, other):
    good, excluded = stored(product, "good"), stored(product, "excluded")
    stored(other, "bad")
    annotation = subscription_id(product_ids=[product.pk], excluded_subscription_ids=[excluded.pk])
    schema = TypeAdapter(annotation).json_schema()

    rule = SubscriptionRule.of(schema["extraProperties"])

    assert schema["format"] == "subscriptionId"
    assert [offer.value for offer in Subscriptions(rule).search("").found] == [str(good.pk)]
    with pytest.raises(ValidationError, match="not to be chosen here"):
        TypeAdapter(annotation).validate_python(excluded.pk)


@pytest.mark.parametrize("wrong", ["nonsense", "00000000-0000-4000-8000-000000000000", "\0"])
def test_what_is_no_subscription_is_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(SubscriptionId).validate_python(wrong)


# Customers.


def test_customers_are_those_of_subscriptions_each_once_and_any_other(product):
    for name in ("SURF", "SURF", "Library"):
        stored(product, customer=name)

    assert [offer.value for offer in customers().search("").found] == ["Library", "SURF"]
    assert [offer.value for offer in customers().search("sur\0").found] == ["SURF"]
    assert TypeAdapter(CustomerId).validate_python("A new one") == "A new one"


def test_a_site_has_customers_of_its_own_and_no_others(settings):
    settings.ORCHESTRATOR = {"CUSTOMERS": f"{__name__}.site_search"}

    assert [offer.label for offer in customers().search("i").found] == [
        "Polar Institute",
        "City Library",
        "Science Park",
    ]
    assert TypeAdapter(CustomerId).validate_python("2") == "2"
    with pytest.raises(ValidationError, match="There is no such customer"):
        TypeAdapter(CustomerId).validate_python("City Library")
    assert "City Library" in render(page_of(CustomerId, "2")).html


@pytest.mark.parametrize("path", ["nowhere.at_all", "os.sep", 7, ""])
def test_a_setting_that_names_no_function_is_told_at_once(settings, path):
    settings.ORCHESTRATOR = {"CUSTOMERS": path}

    errors = [error for error in run_checks(tags=["workflows"]) if error.id == "workflows.E003"]

    assert "CUSTOMERS" in errors[0].msg


# On a page.


@pytest.mark.parametrize("annotation", [OrganisationId, CustomerId], ids=["peer", "ours"])
def test_a_customer_is_typed_or_chosen(product, annotation):
    stored(product, customer="<b>SURF")
    page = page_of(annotation)

    rendered = render(page)

    assert '<option value="&lt;b&gt;SURF">' in rendered.html
    assert page_inputs(page, rendered.post(value="New")) == {"value": "New"}


def test_a_chosen_subscription_is_in_the_menu_whatever_it_offers(product):
    chosen = stored(product, "zzz <b>")
    for number in range(MOST_OFFERS + 1):
        stored(product, f"Circuit {number:03}")
    page = page_of(SubscriptionId, chosen.pk)

    rendered = render(page)

    assert page_inputs(page, rendered.post()) == {"value": str(chosen.pk)}
    assert "zzz &lt;b&gt; · SURF · VPN 1G" in rendered.html


def test_several_are_boxes_and_none_is_an_empty_list(product):
    one, two = stored(product, "one"), stored(product, "two")
    page = page_of(list[SubscriptionId], [one.pk])

    rendered = render(page)

    assert page_inputs(page, rendered.post()) == {"value": [str(one.pk)]}
    assert page_inputs(page, rendered.post(value=None)) == {"value": []}
    both = [str(one.pk), str(two.pk)]
    assert page_inputs(page, rendered.post(value=both)) == {"value": both}


@pytest.mark.parametrize("key", ["uniforms", "extraProperties"])
def test_a_field_of_a_peers_narrows_its_picker_too(product, other, key):
    good = stored(product, "good")
    stored(other, "bad")
    told = {"format": "subscriptionId", key: {"productIds": [str(product.pk)], "tags": ["VP"]}}
    page = page_of(Annotated[UUID, Field(json_schema_extra=told)])  # type: ignore[arg-type]

    options = render(page).one("page-value")["options"]

    assert [option["value"] for option in options] == ["", str(good.pk)]


@pytest.mark.parametrize("told", [{"uniforms": 7}, {"extraProperties": {"productIds": None}}])
def test_a_rule_that_says_nothing_narrows_nothing(product, told):
    stored(product)
    extra = {"format": "subscriptionId", **told}
    page = page_of(Annotated[UUID, Field(json_schema_extra=extra)])

    assert len(render(page).one("page-value")["options"]) == 2


def test_what_nothing_is_known_of_is_shown_as_it_is():
    assert "nonsense" in render(page_of(SubscriptionId, "nonsense")).html


# Over HTTP.


Node = Choice.__call__("Node", {f"n{n}": (f"n{n}", f"Node {n:03}") for n in range(100)})


class Order(SubmitFormPage):
    subscription: SubscriptionId
    node: Node  # type: ignore[valid-type]
    remark: str


def start(client, **changes):
    address = "/admin/start/order/"
    headers = changes.pop("headers", {})
    opened = Rendered(text(client.get(address)))
    sent = {name.replace("__", "-"): value for name, value in changes.items()}
    return client.post(address, opened.post().dict() | sent, headers=headers)


@pytest.fixture
def order():
    define(begin >> reserve, name="order", initial_input_form=Order)


def test_a_search_as_you_type_answers_with_what_was_found_alone(maria, product, order):
    one = stored(product, "Amsterdam <b>")

    answer = start(
        maria,
        search="page-subscription",
        page__subscription__search="amst",
        headers={"HX-Request": "true"},
    )

    assert re.findall('data-value="([^"]*)"', text(answer)) == [str(one.pk)]
    assert "Amsterdam &lt;b&gt;" in text(answer)
    assert "<form" not in text(answer)


def test_a_search_with_the_button_keeps_what_was_typed(maria, order):
    page = Rendered(
        text(start(maria, search="page-node", page__node__search="077", page__remark="typed"))
    )

    assert page.one("page-remark")["value"] == "typed"
    assert [option["value"] for option in page.one("page-node")["options"]] == ["", "n77"]
    assert not Process.objects.exists()


@pytest.mark.parametrize("name", ["", "page", "page-remark", "page-nothing", "x" * 5000, "\0"])
def test_a_search_of_something_else_finds_nothing(maria, order, name):
    assert start(maria, search=name).status_code == 200
    assert start(maria, search=name, headers={"HX-Request": "true"}).status_code == 404


def test_who_may_not_see_subscriptions_types_an_id(product, order):
    one = stored(product, "Amsterdam")
    piet = signed_in("piet", "view_process", "start_process")

    page = text(piet.get("/admin/start/order/"))
    search = {"search": "page-subscription", "headers": {"HX-Request": "true"}}

    assert "Amsterdam" not in page
    assert '<input type="text" name="page-subscription"' in page
    assert start(piet, **search).status_code == 404
    chosen = {"page__subscription": str(one.pk), "page__node": "n1", "page__remark": "x"}
    assert start(piet, **chosen).status_code == 302


def test_a_step_of_a_process_has_pickers_too(maria, product):
    stored(product, "Amsterdam")

    @inputstep("Choose", assignee="SYSTEM")
    def choose():
        yield Order
        return {}

    define(begin >> choose, name="choosing")
    process = engine.start("choosing", by="maria")
    drain()
    page = Rendered(text(maria.get(f"/admin/processes/{process.pk}/")))
    post = {"pages": page.one("pages")["value"], "search": "page-subscription"}

    answer = maria.post(
        f"/admin/processes/{process.pk}/form/", post, headers={"HX-Request": "true"}
    )

    assert "Amsterdam" in text(answer)
    assert "<form" not in text(answer)


def test_a_page_costs_as_many_queries_however_many_subscriptions_there_are(maria, product, order):
    stored(product)
    maria.get("/admin/start/order/")
    with CaptureQueriesContext(connection) as few:
        maria.get("/admin/start/order/")
    for number in range(60):
        stored(product, f"Circuit {number}")
    with CaptureQueriesContext(connection) as many:
        maria.get("/admin/start/order/")

    assert len(many) == len(few)


def test_more_subscriptions_than_a_list_holds_are_searched_for(maria, product):
    @modify_workflow("Modify")
    def modify_vpn():
        return begin

    row = Workflow.objects.create(name="modify_vpn", target="MODIFY")
    product.workflows.add(row)
    for number in range(105):
        stored(product, f"Circuit {number:03}", insync=number != 104)

    page = Rendered(text(maria.get("/admin/start/modify_vpn/")))
    post = {**page.post().dict(), "page-subscription_id-search": "10"}
    post["search"] = "page-subscription_id"
    answer = maria.post("/admin/start/modify_vpn/", post, headers={"HX-Request": "true"})

    assert len(page.one("page-subscription_id")["options"]) == 1 + MOST_OFFERS
    assert re.findall("Circuit ([0-9]+)", text(answer)) == ["010", *map(str, range(100, 104))]


def test_who_may_not_see_subscriptions_is_shown_no_list_of_them_either(product):
    @modify_workflow("Modify")
    def modify_vpn():
        return begin

    product.workflows.add(Workflow.objects.create(name="modify_vpn", target="MODIFY"))
    one = stored(product, "Amsterdam")
    piet = signed_in("piet", "view_process", "start_process")
    seer = signed_in("els", "view_process", "start_process", "view_subscription")

    page = text(piet.get("/admin/start/modify_vpn/"))
    asked = piet.post("/api/processes/modify_vpn", [], content_type="application/json")

    assert "Amsterdam" not in page
    assert '<input type="text" name="page-subscription_id"' in page
    assert asked.status_code == 510
    assert "Amsterdam" not in text(asked)
    assert str(one.pk) not in text(asked)
    assert "Amsterdam" in text(seer.get("/admin/start/modify_vpn/"))
    sent = {**Rendered(page).post().dict(), "page-subscription_id": str(one.pk)}
    assert piet.post("/admin/start/modify_vpn/", sent).status_code == 302
