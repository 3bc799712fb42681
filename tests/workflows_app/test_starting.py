"""Starting a process: its form, its predicate, its idempotency key."""

from typing import Any

import pytest
from django.db import transaction

from tests.engine import calls, define, drain, events, rows, run, state
from tests.labels import label
from tests.races import Other
from workflows_app import State, begin, engine, forms, inputstep, registry, step
from workflows_app.errors import (
    FormNotComplete,
    FormRejected,
    KeyReused,
    MalformedInputs,
    NotJSON,
    StartRefused,
    TooManyPages,
    UnknownWorkflow,
)
from workflows_app.models import Process, Workflow

pytestmark = pytest.mark.django_db(transaction=True)


@step("Order")
def order() -> State:
    return {"ordered": True}


def form():
    class Node(forms.FormPage):
        node: str

    node = yield Node

    class Port(forms.FormPage):
        port: int
        node_again: str = node.node

    port = yield Port
    return {**node.model_dump(), **port.model_dump()}


def test_a_process_is_created_with_its_start_recorded():
    name = define(begin >> order, initial_input_form=form)

    process = engine.start(name, inputs=[{"node": "n"}, {"port": 5}], by="maria")

    assert (process.status, process.next_step, process.created_by) == ("created", "Order", "maria")
    assert rows(process) == [("Start", "success")]
    assert state(process) == {"node": "n", "port": 5, "node_again": "n"}
    assert events(process) == [("maria", "started")]
    first = process.steps.get()
    assert (first.by, first.patch) == ("maria", state(process))


@pytest.mark.parametrize(
    ("inputs", "refusal"),
    [
        ([], FormNotComplete),
        ([{"node": "n"}], FormNotComplete),
        ([{}], FormRejected),
        ([{"node": "n"}, {"port": "x"}], FormRejected),
        ([{"node": "n"}, {"port": 5}, {}], TooManyPages),
        (["n"], MalformedInputs),
        ([{"node": "a\0b"}], MalformedInputs),
        ([{"node": "\ud800"}], MalformedInputs),
    ],
    ids=label,
)
def test_inputs_that_do_not_fill_the_form_start_nothing(inputs, refusal):
    name = define(begin >> order, initial_input_form=form)

    with pytest.raises(refusal):
        engine.start(name, inputs=inputs, by="maria")

    assert not Process.objects.exists()


def test_a_workflow_without_a_form_takes_no_pages_but_an_empty_one():
    name = define(begin >> order)

    engine.start(name, inputs=[], by="maria")
    engine.start(name, inputs=[{}], by="maria")
    with pytest.raises(TooManyPages):
        engine.start(name, inputs=[{"a": 1}], by="maria")

    assert Process.objects.count() == 2


def test_a_form_may_be_a_page_or_a_function_that_returns_one():
    class Page(forms.FormPage):
        n: int

    for start_form in (Page, lambda: Page, lambda state: Page):
        process = run(begin >> order, inputs=({"n": 5},), initial_input_form=start_form)
        assert state(process) == {"n": 5, "ordered": True}


def test_a_form_is_told_who_starts_what():
    def ask(reporter: str, workflow_name: str, process_id: str):
        return {"asked": [reporter, workflow_name, process_id]}

    process = run(begin >> order, initial_input_form=ask)

    assert state(process)["asked"] == ["maria", "example", str(process.pk)]


def test_a_form_that_ends_with_what_is_not_json_starts_nothing():
    name = define(begin >> order, initial_input_form=lambda: {"n": float("nan")})

    with pytest.raises(NotJSON):
        engine.start(name, by="maria")

    assert not Process.objects.exists()


def test_a_workflow_that_is_not_in_the_code_or_not_registered_is_refused():
    name = define(begin >> order)
    Workflow.objects.all().delete()

    with pytest.raises(UnknownWorkflow, match="sync_workflows"):
        engine.start(name, by="maria")
    with pytest.raises(UnknownWorkflow, match="there is no workflow 'nothing'"):
        engine.start("nothing", by="maria")


def test_a_process_whose_workflow_has_left_the_code_fails_and_can_still_be_aborted():
    process = engine.start(define(begin >> order, name="leaving"), by="maria")
    registry._workflows.pop("leaving")

    drain()
    process.refresh_from_db()
    assert process.status == "failed"
    assert process.failed_reason == "there is no workflow 'leaving'"
    with pytest.raises(UnknownWorkflow):
        engine.retry(process.pk, by="maria", from_step="Order")

    engine.abort(process.pk, by="maria")
    process.refresh_from_db()
    assert process.status == "aborted"


# The predicate


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(False, "example cannot be started now"), ("The network is frozen.", "The network is frozen")],
)
def test_a_predicate_may_refuse_the_start_and_say_why(answer, reason):
    name = define(begin >> order, run_predicate=lambda _context: answer)

    with pytest.raises(StartRefused, match=reason):
        engine.start(name, by="maria")

    assert not Process.objects.exists()


@pytest.mark.parametrize("answer", [True, None, ""])
def test_a_predicate_that_has_nothing_against_it_lets_the_process_start(answer):
    assert run(begin >> order, run_predicate=lambda _context: answer).status == "completed"


def test_a_predicate_may_look_at_the_inputs():
    seen, see = calls()

    def judge(context):
        see((context.workflow_name, context.inputs))
        return context.inputs["n"] < 5

    class Page(forms.FormPage):
        n: int

    name = define(begin >> order, run_predicate=judge, initial_input_form=Page)
    engine.start(name, inputs=[{"n": 1}], by="maria")
    with pytest.raises(StartRefused):
        engine.start(name, inputs=[{"n": 9}], by="maria")

    assert seen == [("example", {"n": 1}), ("example", {"n": 9})]


def alone(context):
    return "It runs already." if context.unfinished() else None


def test_only_processes_that_have_ended_let_another_one_start():
    name = define(begin >> order, run_predicate=alone)
    first = engine.start(name, by="maria")
    with pytest.raises(StartRefused, match="It runs already"):
        engine.start(name, by="maria")

    drain()
    second = engine.start(name, by="maria")
    engine.abort(second.pk, by="maria")
    third = engine.start(name, by="maria")

    assert len({first.pk, second.pk, third.pk}) == 3


def test_a_refused_start_does_not_use_up_its_key():
    answers = ["Not now.", None]
    name = define(begin >> order, run_predicate=lambda _context: answers.pop(0))

    with pytest.raises(StartRefused):
        engine.start(name, by="maria", key="k")
    engine.start(name, by="maria", key="k")

    assert Process.objects.count() == 1


@pytest.mark.postgresql
def test_two_starts_at_once_cannot_both_pass_a_predicate():
    name = define(begin >> order, run_predicate=alone)

    with transaction.atomic():
        engine.start(name, by="maria")
        other = Other(lambda: engine.start(name, by="piet"))
        other.wait_until_locked_out()

    with pytest.raises(StartRefused):
        other.ended()
    assert Process.objects.count() == 1


@pytest.mark.postgresql
def test_starts_without_a_predicate_do_not_wait_for_each_other():
    name = define(begin >> order)

    with transaction.atomic():
        engine.start(name, by="maria")
        other = Other(lambda: engine.start(name, by="piet"))
        other.ended()

    assert Process.objects.count() == 2


# The idempotency key


def test_the_same_key_and_request_give_the_same_process():
    name = define(begin >> order, initial_input_form=form)
    inputs: list[dict[str, Any]] = [{"node": "n"}, {"port": 5}]

    first = engine.start(name, inputs=inputs, by="maria", key="k")
    drain()
    second = engine.start(name, inputs=inputs, by="maria", key="k")

    assert first.pk == second.pk
    assert Process.objects.count() == 1
    assert events(first) == [("maria", "started")]


def test_the_same_key_with_another_request_is_refused():
    name = define(begin >> order, initial_input_form=form)
    other = define(begin >> order, name="other")
    engine.start(name, inputs=[{"node": "n"}, {"port": 5}], by="maria", key="k")

    with pytest.raises(KeyReused):
        engine.start(name, inputs=[{"node": "n"}, {"port": 6}], by="maria", key="k")
    with pytest.raises(KeyReused):
        engine.start(other, by="maria", key="k")

    assert Process.objects.count() == 1


def test_keys_belong_to_whoever_uses_them_and_no_key_is_no_key():
    name = define(begin >> order)

    started = {
        engine.start(name, by=by, key=key).pk
        for by, key in (("maria", "k"), ("piet", "k"), ("maria", "l"), ("maria", None))
    }
    engine.start(name, by="maria", key=None)

    assert len(started) == 4
    assert Process.objects.count() == 5


@pytest.mark.postgresql
@pytest.mark.parametrize("port", [5, 6])
def test_two_starts_at_once_with_one_key_are_one_process(port):
    name = define(begin >> order, initial_input_form=form)

    with transaction.atomic():
        first = engine.start(name, inputs=[{"node": "n"}, {"port": 5}], by="maria", key="k")
        other = Other(
            lambda: engine.start(name, inputs=[{"node": "n"}, {"port": port}], by="maria", key="k")
        )
        other.wait_until_locked_out()

    if port == 5:
        assert other.ended().pk == first.pk
    else:
        with pytest.raises(KeyReused):
            other.ended()
    assert Process.objects.count() == 1


# The trace


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01"
NO_TRACES = [
    "",
    "x" * 5000,
    f"{TRACE}\n",
    f" {TRACE}",
    f"{TRACE}-00",
    f"{TRACE},{TRACE}",
    TRACE.upper(),
    TRACE.replace("4", "\u0664"),  # A digit, but not one of ours.
    TRACE.replace("00-", "01-", 1),
    TRACE.replace("00-", "ff-", 1),
    f"00-{'0' * 32}{TRACE[35:]}",
    f"{TRACE[:36]}{'0' * 16}-01",
    "00-4bf92f35\0",
]


@pytest.mark.parametrize("trace", [TRACE, TRACE[:-2] + "00", TRACE[:-2] + "ff"])
def test_a_process_keeps_the_trace_that_it_was_started_in(trace):
    process = engine.start(define(begin >> order), by="maria", traceparent=trace)

    process.refresh_from_db()
    assert process.traceparent == trace


@pytest.mark.parametrize("trace", NO_TRACES, ids=range(len(NO_TRACES)))
def test_what_is_no_trace_is_dropped_and_the_process_starts(trace):
    process = engine.start(define(begin >> order), by="maria", traceparent=trace)

    process.refresh_from_db()
    assert process.traceparent == ""


def test_another_trace_does_not_make_it_another_request():
    name = define(begin >> order)

    first = engine.start(name, by="maria", key="k", traceparent=TRACE)
    second = engine.start(name, by="maria", key="k", traceparent="")

    assert first.pk == second.pk
    assert second.traceparent == TRACE


def test_the_form_and_every_step_may_ask_for_the_trace():
    seen, see = calls()

    def ask(traceparent: str):
        see(traceparent)
        return {"traceparent": "forged"}

    @step("First")
    def first(traceparent: str) -> None:
        see(traceparent)

    @inputstep("Second")
    def second(traceparent: str):
        see(traceparent)
        yield forms.FormPage

    name = define(begin >> first >> second, initial_input_form=ask)
    process = engine.start(name, by="maria", traceparent=TRACE)
    drain()
    engine.submit(process.pk, inputs=[{}], by="piet")

    assert set(seen) == {TRACE}
    assert len(seen) >= 3


def test_a_step_of_a_process_without_a_trace_is_told_nothing():
    seen, see = calls()

    @step("Ask")
    def ask(traceparent: str) -> None:
        see(traceparent)

    run(begin >> ask)

    assert seen == [""]


def test_a_refused_page_is_refused_in_the_names_of_its_inputs():
    class Page(forms.FormPage):
        vlans: list[int]

    name = define(begin, initial_input_form=Page)

    with pytest.raises(FormRejected, match=r"page 1 of the form .*: vlans\.1: Input should be a"):
        engine.start(name, inputs=[{"vlans": [1, "x"]}], by="maria")
