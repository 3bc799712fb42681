"""The list of what can be started: groups, search, what somebody started lately, and why not."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.engine import define
from tests.workflows_app.console import reserve, signed_in, text
from workflows_app import begin, engine, registry
from workflows_app.models import Product, Workflow

pytestmark = pytest.mark.django_db(transaction=True)

START = "/admin/start/"


@pytest.fixture(autouse=True)
def workflows(monkeypatch):
    monkeypatch.setattr(registry, "_workflows", {})
    Workflow.objects.all().delete()


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", "view_process", "start_process")


def make(name, description, *, target="SYSTEM", product="", kind="", **options) -> None:
    define(begin >> reserve, name=name, target=target, **options)
    row = Workflow.objects.get(name=name)
    row.description = description
    row.save()
    if product:
        row.products.add(Product.objects.get_or_create(name=product, product_type=kind)[0])


def order(page, *words) -> list[str]:
    """Return the words in the order in which they stand in the page's list."""
    listed = text(page).partition('id="startable"')[2]
    return sorted(words, key=listed.index)


def test_workflows_stand_under_their_target_and_there_under_their_type_of_product(maria):
    make("sweep", "Sweep")
    make("order_ip", "Order IP", target="CREATE", product="IP 1G", kind="Internet")
    make("order_vpn", "Order VPN", target="CREATE", product="VPN 1G", kind="A VPN")

    page = maria.get(START)

    words = ("<h2>Create", "<h3>A VPN", "Order VPN", "<h3>Internet", "Order IP", "<h2>System")
    assert order(page, *reversed(words)) == list(words)


def test_a_workflow_of_several_products_is_listed_once_and_names_some(maria):
    for number in range(5):
        make("note", "Note", product=f"Product {number}", kind=f"Type {number}")

    page = text(maria.get(START))

    assert page.count(f'href="{START}note/"') == 1
    assert "Several types of products" in page
    assert "Product 0, Product 1, Product 2 and 2 more" in page


def test_what_the_author_wrote_about_a_workflow_is_on_the_page(maria):
    def chain():
        """Order a circuit.

        Takes <an> hour.
        """
        return begin >> reserve

    registry.workflow()(chain)
    Workflow.objects.create(name="chain", target="CREATE", description="Order a circuit.")

    page = text(maria.get(START))

    assert "Takes &lt;an&gt; hour." in page
    assert page.count("Order a circuit.") == 1


@pytest.mark.parametrize("q", ["vpn", "VPN", "order vpn", "1g", "order_v"])
def test_a_search_finds_words_of_names_descriptions_and_products(maria, q):
    make("order_vpn", "Order VPN", product="Layer2 1G", kind="L2")
    make("sweep", "Sweep")

    page = text(maria.get(START, {"q": q}))

    assert "Order VPN" in page
    assert "Sweep" not in page
    assert "1 of 2 workflows" in page


def test_a_search_that_finds_nothing_says_so(maria):
    make("sweep", "Sweep")

    page = text(maria.get(START, {"q": "\0<b>"}))

    assert "No workflow has “&lt;b&gt;”" in page


def test_a_search_as_you_type_answers_with_the_list_alone(maria):
    make("sweep", "Sweep")

    response = maria.get(START, {"q": "swe"}, headers={"HX-Request": "true"})

    assert text(response).lstrip().startswith('<div id="startable"')
    assert "HX-Request" in response["Vary"]


def test_what_i_started_lately_comes_first_once_and_newest_first(maria):
    for name in ("one", "two", "theirs"):
        make(name, name.capitalize())
    for name in ("one", "two", "two", "one"):
        engine.start(name, by="maria")
    engine.start("theirs", by="piet")

    page = maria.get(START)
    lately = text(page).partition("You started lately")[2].partition("</ul>")[0]

    assert lately.count("<li>") == 2
    assert lately.index(">One<") < lately.index(">Two<")
    assert "You started lately" not in text(maria.get(START, {"q": "one"}))


def test_a_workflow_that_would_be_refused_now_says_why_and_can_be_opened(maria):
    def alone(context):
        return context.unfinished() == 0 or "one of them is running"

    make("alone", "Alone", run_predicate=alone)
    assert "Not now" not in text(maria.get(START))

    engine.start("alone", by="maria")

    page = text(maria.get(START))
    assert "Not now: one of them is running" in page
    assert 'href="/admin/start/alone/"' in page


@pytest.mark.parametrize(
    "predicate",
    [
        lambda context: context.inputs["customer"] == "SURF",
        lambda context: bool(context.inputs),
        lambda context: [*context.inputs] == [],
        lambda _context: 1 / 0,
        lambda _context: True,
    ],
    ids=["key", "length", "keys", "mistake", "yes"],
)
def test_a_predicate_that_cannot_tell_yet_says_nothing(maria, predicate):
    make("picky", "Picky", run_predicate=predicate)

    page = maria.get(START)

    assert page.status_code == 200
    assert "Not now" not in text(page)


def test_the_list_costs_as_many_queries_however_long_it_is(maria, django_assert_num_queries):
    def more(start):
        for number in range(start, start + 5):
            make(
                f"w{number}",
                f"W {number}",
                product=f"P{number}",
                kind="T",
                run_predicate=lambda context: not context.unfinished(),
            )
            engine.start(f"w{number}", by="maria")

    more(0)
    maria.get(START)
    with CaptureQueriesContext(connection) as counted:
        maria.get(START)
    more(5)
    with django_assert_num_queries(len(counted.captured_queries)):
        maria.get(START)
