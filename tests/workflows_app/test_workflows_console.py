"""The catalogue of workflows in the console."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pydantic import BaseModel

from callbacks_app.steps import callback_step
from tests.engine import define, drain
from tests.workflows_app.console import ESCAPED, SCRIPT, boom, signed_in, text
from tests.workflows_app.test_budgets import counted
from workflows_app import (
    Retry,
    State,
    begin,
    conditional,
    engine,
    forms,
    inputstep,
    registry,
    retrystep,
    schedules,
    step,
    step_group,
)
from workflows_app.cadence import Cron
from workflows_app.models import Product, Workflow

pytestmark = pytest.mark.django_db(transaction=True)

LIST, ONE = "/admin/workflows/", "/admin/workflows/example/"


@step("Order", timeout=30, on_interrupt="fail")
def order() -> State:
    return {"ordered": True}


@retrystep("Ask", retry=Retry(max_attempts=3, backoff=timedelta(minutes=2)))
def ask() -> State:
    return {}


@inputstep("Confirm", assignee="NOC")
def confirm():
    yield forms.FormPage


class Page(forms.FormPage):
    node: str
    port: int = 5
    colour: forms.Choice | None = None


def only_noc(user) -> bool:
    return bool(user.username != "piet")


@pytest.fixture
def anna() -> Client:
    return signed_in("anna", superuser=True)


@pytest.fixture(autouse=True)
def only_this_tests_workflows(monkeypatch):
    """Forget the workflows of the code and the database."""
    Workflow.objects.all().delete()
    monkeypatch.setattr(registry, "_workflows", {})


def product(name: str, workflow: str) -> Product:
    made = Product.objects.create(name=name, product_type="Port", tag="P")
    made.workflows.add(Workflow.objects.get(name=workflow))
    return made


# The list


def test_the_list_counts_what_is_open_and_what_has_failed(anna):
    name = define(begin >> confirm)
    for _ in range(2):
        engine.start(name, by="maria")
    engine.start(define(begin >> boom, name="failing", is_task=True), by="maria")
    drain()
    product("Port 10G", name)
    user = User.objects.get()
    schedules.create(
        name="nightly", workflow=name, inputs=[], cadence=Cron("0 3 * * *", "UTC"), user=user
    )

    body = text(anna.get(LIST))

    assert '?workflow=example&amp;status=open">2<' in body
    assert '?workflow=failing&amp;status=failed">1<' in body
    assert '/admin/schedules/?workflow=example">1<' in body
    assert "Port 10G" in body
    assert "task" in body


def test_the_list_shows_where_code_and_database_differ(anna):
    define(begin >> order)
    define(begin >> order, name="unregistered")
    Workflow.objects.filter(name="unregistered").delete()
    Workflow.objects.create(name="gone", target="MODIFY", description=f"Gone {SCRIPT}")
    Workflow.objects.create(name="long_gone", target="MODIFY", in_code=False)

    body = text(anna.get(LIST))
    differing = text(anna.get(LIST, {"target": "drift"}))

    assert "In the code, but not registered." in body
    assert f"Gone {ESCAPED}" in body
    assert SCRIPT not in body
    assert "its code is gone" in body
    for name, differs in (("unregistered", True), ("gone", True), ("long_gone", False)):
        assert (f'href="{LIST}{name}/"' in differing) == differs


def test_the_list_is_searched_and_narrowed(anna):
    define(begin >> order, target="CREATE")
    define(begin >> order, name="other", target="MODIFY")
    product("Port 10G", "other")

    def found(**query: str) -> set[str]:
        body = text(anna.get(LIST, query))
        return {name for name in ("example", "other") if f'href="{LIST}{name}/"' in body}

    assert found() == {"example", "other"}
    assert found(q="10g port") == {"other"}
    assert found(target="CREATE") == {"example"}
    assert found(target="nonsense", q="\0") == set()
    assert "No workflow fits." in text(anna.get(LIST, {"q": "zzz"}))


def test_the_list_costs_the_same_for_two_workflows_and_for_twenty(anna):
    spent = []
    for count in (2, 18):
        for number in range(count):
            name = define(begin >> confirm, name=f"w_{count}_{number}")
            product(name, name)
            engine.start(name, by="maria")
        anna.get(LIST)
        with counted() as statements:
            anna.get(LIST)
        spent.append(len(statements))

    assert spent[0] == spent[1]


# The page


def test_the_page_shows_steps_rules_form_and_who_may(anna):
    steps = begin >> order >> step_group("Playbook", begin >> ask)
    steps = steps >> conditional(lambda state: True)(confirm)
    define(
        steps,
        initial_input_form=Page,
        authorize=only_noc,
        run_predicate=lambda _context: "The network is frozen.",
    )
    product("Port 10G", "example")

    body = text(anna.get(ONE))

    for expected in (
        "stopped after 30 s",
        "not run again after a crash",
        "tried up to 3 times, first again after 2 min 0 s",
        "Playbook / ",
        "NOC",
        "only_noc",
        "Not now: The network is frozen.",
        "Port 10G",
        "tests.workflows_app.test_workflows_console",
        "<code>node</code> string",
        "<code>port</code> integer · optional",
        "<svg",
    ):
        assert expected in body, expected


def test_the_page_says_what_is_settled_about_callbacks(anna):
    class Result(BaseModel):
        vlan: int

    @step("Ask the runner")
    def ask_the_runner(callback_route: str) -> None:
        """Hand the address over."""

    @step("Check")
    def check(callback_result: State) -> None:
        """Look at the result."""

    define(
        callback_step(
            "Playbook",
            action_step=ask_the_runner,
            validate_step=check,
            timeout=3600,
            heartbeat=60,
            on_timeout="retry",
            payload_model=Result,
        )
    )

    body = text(anna.get(ONE))

    for expected in (
        "answered within 1 h 0 min",
        "never silent for more than 1 min",
        "asked again when nobody answers",
        "a result fits Result",
    ):
        assert expected in body, expected


def test_the_page_says_how_long_it_takes_and_lists_the_newest_processes(anna):
    name = define(begin >> order)
    processes = [engine.start(name, by="maria") for _ in range(12)]
    drain()

    body = text(anna.get(ONE))

    assert "typically" in body
    shown = [process for process in processes if process.get_absolute_url() in body]
    assert len(shown) == 10
    assert processes[0] not in shown


def test_the_page_costs_the_same_for_one_process_and_for_forty(anna):
    name = define(begin >> order)
    spent = []
    for count in (1, 39):
        for _ in range(count):
            engine.start(name, by="maria")
        drain()
        anna.get(ONE)
        with counted() as statements:
            anna.get(ONE)
        spent.append(len(statements))

    assert spent[0] == spent[1]


def test_a_form_that_breaks_is_said_and_the_page_is_shown(anna):
    def broken():
        raise RuntimeError(f"no inventory {SCRIPT}")

    define(begin >> order, initial_input_form=broken)

    body = text(anna.get(ONE))

    assert f"no inventory {ESCAPED}" in body
    assert SCRIPT not in body


def test_one_that_is_not_registered_or_not_in_code_has_a_page_that_says_so(anna):
    define(begin >> order)
    Workflow.objects.all().delete()
    Workflow.objects.create(name="gone", target="MODIFY")
    Workflow.objects.create(name="long_gone", target="MODIFY", in_code=False)

    unregistered = text(anna.get(ONE))
    gone, long_gone = text(anna.get(f"{LIST}gone/")), text(anna.get(f"{LIST}long_gone/"))

    assert "In the code, but not registered." in unregistered
    assert "sync_workflows" in unregistered
    assert "/admin/start/example/" not in unregistered
    assert "Its code is gone." in gone
    assert "sync_workflows" in gone
    assert "The row is kept for its processes." in long_gone


def test_start_and_schedule_are_offered_to_those_who_may(anna):
    define(begin >> order, authorize=only_noc)
    everything = ("view_process", "start_process", "add_schedule")
    piet, karel = signed_in("piet", *everything), signed_in("karel", *everything)

    for browser, may in ((anna, True), (karel, True), (piet, False)):
        body = text(browser.get(ONE))
        assert ("/admin/start/example/" in body) == may
        assert ("/admin/schedules/new/example/" in body) == may
        assert ("You may not start it." in body) != may


@pytest.mark.parametrize("path", ["nothing/", "%00/", "a%2Fb/"])
def test_a_page_that_does_not_exist_is_not_found(anna, path):
    assert anna.get(LIST + path).status_code == 404


def test_the_pages_are_for_those_who_may_look_at_processes():
    define(begin >> order)

    for path in (LIST, ONE):
        assert signed_in(f"piet{len(path)}", "start_process").get(path).status_code == 403
