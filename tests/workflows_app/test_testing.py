"""The test kit: workflows run in the test's thread, and failures say what happened.

Most tests here have an ordinary ``db``: a transaction of the test's own, which is rolled back.
"""

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

import pytest
from annotated_types import Ge
from django.db import connection

from tests.cluster.processes import ROOT
from tests.engine import define
from workflows_app import (
    Retry,
    RetryAfter,
    State,
    abort,
    begin,
    conditional,
    engine,
    inputstep,
    registry,
    retrystep,
    sleep_step,
    step,
    step_group,
    task,
    workflow,
)
from workflows_app.errors import FormNotComplete, FormRejected, UnknownWorkflow
from workflows_app.forms import FormPage, SubmitFormPage
from workflows_app.models import Process, Workflow
from workflows_app.testing import (
    assert_aborted,
    assert_awaiting_callback,
    assert_complete,
    assert_failed,
    assert_step_failed,
    assert_step_skipped,
    assert_step_success,
    assert_suspended,
    assert_waiting,
    resume,
    retry,
    run_form,
    run_workflow,
)

pytestmark = pytest.mark.django_db


class Order(FormPage):
    vlan: Annotated[int, Ge(1)]


def order_form():
    order = yield Order

    class Ends(SubmitFormPage):
        node: str = f"node-{order.vlan}"

    ends = yield Ends
    return order.model_dump() | ends.model_dump()


@step("Reserve")
def reserve(vlan: int, reporter: str) -> State:
    return {"circuit": f"{reporter}-{vlan}"}


@step("Break")
def broken() -> None:
    raise LookupError("no such node")


@inputstep("Confirm", assignee="NOC")
def confirm(circuit: str):
    class Page(SubmitFormPage):
        shown: str = circuit
        ticket: int = 0

    page = yield Page
    return {"ticket": page.ticket}


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_workflows", {})


@pytest.fixture
def ordered():
    """The workflow's name; only the code knows it."""

    @workflow("Order a circuit", initial_input_form=order_form)
    def order_circuit():
        return begin >> reserve >> confirm

    return order_circuit


PAGES = ({"vlan": 7}, {"node": "asd1"})


def test_a_workflow_runs_until_it_waits_and_then_to_its_end(ordered):
    run = run_workflow(ordered, *PAGES, by="maria")

    assert_suspended(run, "Confirm")
    assert (run.status, run.waiting_for) == ("suspended", "Confirm")
    assert run.state == {"vlan": 7, "node": "asd1", "circuit": "maria-7"}
    resume(run, {"ticket": 4711}, by="jan")
    assert_complete(run)
    assert_step_success(run, "Confirm")
    assert [step.name for step in run.steps] == ["Start", "Reserve", "Confirm", "Done"]
    assert run.steps[2].by == "jan"
    assert (run.state["ticket"], run.waiting_for, run.failed_reason) == (4711, "", "")
    assert repr(run) == "<Run of order_circuit: completed>"


def test_a_workflow_is_found_by_its_name_and_registered_as_it_is(ordered):
    @task("Check all")
    def check_all():
        return begin >> sleep_step("Wait", 3600)

    run_workflow("check_all")

    row = Workflow.objects.get(name="check_all")
    assert (row.description, row.is_task, row.target) == ("Check all", True, "SYSTEM")
    assert not Workflow.objects.filter(name="order_circuit").exists()
    with pytest.raises(UnknownWorkflow):
        run_workflow("no_such_workflow")


@pytest.mark.django_db(transaction=True)
def test_it_works_with_committed_transactions_too(ordered):
    run = run_workflow(ordered, *PAGES)

    assert_complete(resume(run))


def test_a_process_that_another_one_woke_runs_too(ordered):
    inner = define(begin >> confirm, name="inner")

    @step("Start another")
    def start_another() -> State:
        return {"other": str(engine.start(inner, by="SYSTEM").pk)}

    run = run_workflow(define(begin >> start_another, name="outer"))

    assert_complete(run)
    assert Process.objects.get(pk=run.state["other"]).status == "failed"  # It lacks "circuit".


def test_a_start_form_is_walked_without_starting(ordered):
    first = run_form(ordered)
    refused = run_form(ordered, {"vlan": 0})
    second = run_form("order_circuit", {"vlan": 7})
    done = run_form(ordered, *PAGES)

    assert (first.page, first.errors, first.is_complete) == (Order, {}, False)
    assert refused.page is Order
    assert list(refused.errors) == ["vlan"]
    assert second.page is not None
    assert second.page.model_fields["node"].default == "node-7"
    assert done.is_complete
    assert done.state == {"vlan": 7, "node": "asd1"}
    assert not Process.objects.exists()


def test_the_form_that_a_run_waits_for_is_walked_too(ordered):
    run = run_workflow(ordered, *PAGES)

    page = run_form(run).page
    answered = run_form(run, {"ticket": "none"})

    assert page is not None
    assert page.model_fields["shown"].default == "tester-7"
    assert list(answered.errors) == ["ticket"]
    assert_suspended(run, "Confirm")
    assert_complete(resume(run))
    with pytest.raises(AssertionError, match="waits for no form; it is completed"):
        run_form(run)


def test_a_missing_and_a_refused_page_are_named(ordered):
    with pytest.raises(FormNotComplete) as missing:
        run_workflow(ordered, {"vlan": 7})
    with pytest.raises(FormRejected) as refused:
        run_workflow(ordered, {"vlan": 0})
    run = run_workflow(ordered, *PAGES)
    with pytest.raises(FormRejected) as unanswered:
        resume(run, {"ticket": "none"})

    assert missing.value.__notes__ == ["needed is page 2 of the form, Ends, with: node"]
    (why,) = refused.value.__notes__
    assert why.startswith("page 1 of the form, Order: vlan: ")
    assert "ticket" in unanswered.value.__notes__[0]


def test_timers_and_retries_are_due_at_once():
    @retrystep("Flaky", retry=Retry(backoff=timedelta(hours=1), max_attempts=3))
    def flaky(attempt: int) -> State:
        if attempt < 3:
            raise ConnectionError("away")
        return {"attempt": attempt}

    began = time.monotonic()
    run = run_workflow(define(begin >> sleep_step("A year", 365 * 86400) >> flaky))
    assert_waiting(run, "A year")
    resume(run)
    assert_waiting(run, "Flaky")
    assert run.failed_reason == "away"
    assert_waiting(resume(run), "Flaky")
    assert_complete(resume(run))

    assert time.monotonic() - began < 30
    assert run.state["attempt"] == 3


def test_a_failed_step_is_retried():
    @step("Twice")
    def twice(attempt: int) -> None:
        if attempt == 1:
            raise LookupError("not yet")

    run = run_workflow(define(begin >> twice))

    assert_failed(run, match="not y.t")
    assert_step_failed(run, "Twice", match="not yet")
    assert_complete(retry(run))


def test_what_a_retry_undid_is_not_what_the_process_led_to():
    @step("First")
    def first(attempt: int) -> State:
        return {f"try_{attempt}": True}

    @step("Hold")
    def hold(attempt: int) -> None:
        if attempt == 2:
            raise RetryAfter(60)

    @step("Last")
    def last(attempt: int) -> None:
        if attempt == 1:
            raise LookupError

    run = run_workflow(define(begin >> step_group("All", first >> hold >> last)))
    assert_step_failed(run, "All/Last")
    retry(run)

    assert_waiting(run, "All")
    assert run.state == {"try_2": True}
    assert "All/First (undone by a retry)" in run.timeline
    assert "All/First (attempt 2)" in run.timeline
    with pytest.raises(AssertionError, match="'Last' should be failed; it was not run"):
        assert_step_failed(run, "Last")
    assert_complete(resume(run))


@step("Reserve free")
def reserve_free() -> State:
    return {"free": True}


def test_other_ends_are_asserted_too():
    skipped = conditional(lambda state: False)(broken)

    assert_aborted(run_workflow(define(begin >> skipped >> abort, name="aborting")))
    assert_step_skipped(run_workflow("aborting"), "Break")


def test_other_verbs_of_the_engine_are_followed_by_going_on():
    run = run_workflow(define(begin >> broken >> reserve_free))

    engine.skip(run.process.pk, by="jan", reason="it is there already")

    assert_complete(run.go_on())


def test_a_step_that_breaks_the_database_leaves_the_tests_transaction_usable():
    def insert_twice() -> None:
        Workflow.objects.create(name="one", target="SYSTEM")
        Workflow.objects.create(name="one", target="SYSTEM")

    assert connection.in_atomic_block
    for atomic in (True, False):
        chain = begin >> step("Insert twice", atomic=atomic)(insert_twice)
        run = run_workflow(define(chain, name=f"atomic_{atomic}"))
        assert_failed(run, match=r"(?i)unique")
        assert not Workflow.objects.filter(name="one").exists()


def test_a_workflow_that_never_comes_to_rest_is_stopped(monkeypatch):
    monkeypatch.setattr("workflows_app.testing.runs.MOST_CLAIMS", 20)

    @retrystep("Again and again", retry=Retry(backoff=timedelta(0)))
    def again() -> None:
        raise ConnectionError

    name = define(begin >> again)

    with pytest.raises(AssertionError, match="does not come to rest: 20"):
        run_workflow(name)


ASSERTIONS: dict[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "complete": (assert_complete, (), "should be completed; it is failed"),
    "aborted": (assert_aborted, (), "should be aborted; it is failed"),
    "suspended": (assert_suspended, ("Confirm",), "should be suspended at 'Confirm'; it is failed"),
    "awaiting": (assert_awaiting_callback, (), "should be awaiting_callback; it is failed"),
    "waiting": (assert_waiting, (), "should be waiting; it is failed"),
    "failed": (assert_failed, ("other",), "should match 'other'; it is 'no such node'"),
    "success": (assert_step_success, ("Break",), "'Break' should be success; it is failed"),
    "never": (assert_step_success, ("Confirm",), "'Confirm' should be success; it was not run"),
    "failure": (assert_step_failed, ("Reserve free",), "should be failed; it is success"),
    "reason": (assert_step_failed, ("Break", "other"), "should match 'other'; it is 'no such node"),
    "skipped": (assert_step_skipped, ("Break",), "should be skipped; it is failed"),
    "resume": (resume, (), r"resume: it has failed; retry\(run\) tries again"),
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_every_assertion_says_what_is_and_shows_the_timeline(name):
    check, arguments, sentence = ASSERTIONS[name]
    run = run_workflow(define(begin >> reserve_free >> broken))

    with pytest.raises(AssertionError, match=sentence) as failed:
        check(run, *arguments)

    shown = str(failed.value)
    assert "example · failed · by tester" in shown
    assert "Reserve free  → free" in shown
    assert "LookupError: no such node" in shown
    assert "in broken" in shown
    assert "free: true" in shown
    assert "workflows_app/engine" not in shown


def test_a_failure_is_asserted_of_a_process_that_has_failed(ordered):
    run = run_workflow(ordered, *PAGES)

    with pytest.raises(AssertionError, match="should have failed; it is suspended at 'Confirm'"):
        assert_failed(run)
    with pytest.raises(AssertionError, match="should be suspended at 'Other'; it is suspended at"):
        assert_suspended(run, "Other")


def test_the_timeline_has_no_huge_values_and_says_what_is_open(ordered):
    run = run_workflow(ordered, {"vlan": 7}, {"node": "n" * 100_000})

    assert len(run.timeline) < 5000
    assert "suspended" in run.timeline
    assert "open" in run.timeline


TESTS = """
    import pytest
    from workflows_app import begin, step, workflow
    from workflows_app.testing import assert_complete


    @step("Break")
    def broken(vlan: int):
        raise LookupError(f"no VLAN {vlan}")


    def form(vlan: int = 7):
        return {"vlan": vlan}
        yield


    @workflow("An order", initial_input_form=form)
    def made_on_the_fly():
        return begin >> broken


    def test_one(run_workflow):
        assert_complete(run_workflow("made_on_the_fly"))


    def test_two(run_workflow, run_form, resume, retry):
        run = run_workflow(made_on_the_fly)
        assert run.status == "completed"


    def test_three(run_workflow):
        assert run_workflow(made_on_the_fly).status == "failed"
"""


@pytest.fixture
def run_tests(tmp_path):
    """Run pytest on a file of tests, with the plugin, and return what it printed."""

    def run_pytest(tests: str, plugin: str = "workflows_app.testing") -> str:
        (tmp_path / "conftest.py").write_text(f'pytest_plugins = ["{plugin}"]\n')
        (tmp_path / "test_order.py").write_text(textwrap.dedent(tests))
        (tmp_path / "pytest.ini").write_text(
            "[pytest]\nDJANGO_SETTINGS_MODULE = orchestrator_project.settings\n"
            f"pythonpath = {ROOT}\nfilterwarnings = error\n"
        )
        command = [
            *["-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-header"],
            tmp_path,
        ]
        ended = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
            env={"PATH": "", "DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3"},
        )
        return ended.stdout + ended.stderr

    return run_pytest


def test_as_a_plugin_it_brings_the_database_and_shows_every_failed_tests_processes(run_tests):
    said = run_tests(TESTS)

    assert "2 failed, 1 passed" in said
    first, second = said.split("___ test_two ___")
    assert "E       AssertionError: the process should be completed; it is failed" in first
    assert "E              LookupError: no VLAN 7" in first
    assert "- Process " not in first  # It was shown by the assertion.
    assert "- Process " in second
    for shown in (first, second):
        assert "made_on_the_fly · failed · by tester" in shown
        assert 'raise LookupError(f"no VLAN {vlan}")' in shown


def test_the_package_does_not_need_pytest():
    program = """
        import sys
        import workflows_app, workflows_app.apps, callbacks_app.apps
        sys.exit("pytest" in sys.modules)
    """

    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, check=True)
