"""Forms as processes meet them: pages, authors' mistakes, who answered."""

import pytest

from tests.engine import calls, drain, events, rows, run, state
from workflows_app import State, begin, engine, forms, inputstep, queue, step, step_group
from workflows_app.errors import (
    AlreadyAnswered,
    FormNotComplete,
    FormRejected,
    TooManyPages,
    WrongStatus,
)

pytestmark = pytest.mark.django_db(transaction=True)


@step("Before")
def before() -> State:
    return {"n": 1, "ports": ["a"]}


@step("After")
def after(n: int) -> State:
    return {"after": n}


@inputstep("Two pages", assignee="NOC")
def two_pages(state: State):
    class First(forms.FormPage):
        n: int = state["n"]

    first = yield First

    class Second(forms.FormPage):
        sure: bool
        more: int = first.n + 1

    second = yield Second
    return {**first.model_dump(), **second.model_dump()}


def test_every_page_is_asked_for_in_turn_and_nothing_is_kept_between():
    process = run(begin >> before >> two_pages >> after)

    with pytest.raises(FormNotComplete) as first:
        engine.submit(process.pk, inputs=[], by="piet")
    with pytest.raises(FormNotComplete) as second:
        engine.submit(process.pk, inputs=[{"n": 5}], by="piet")
    assert set(first.value.page.model.model_fields) == {"n"}
    assert second.value.page.model.model_fields["more"].default == 6
    assert state(process) == {"n": 1, "ports": ["a"]}
    assert process.events.count() == 1

    engine.submit(process.pk, inputs=[{"n": 5}, {"sure": True}], by="piet")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"n": 5, "ports": ["a"], "sure": True, "more": 6, "after": 5}


def test_a_page_that_does_not_validate_or_is_one_too_many_changes_nothing():
    process = run(begin >> before >> two_pages >> after)

    refused: list[tuple[list[State], type[Exception]]] = [
        ([{"n": "x"}], FormRejected),
        ([{"n": 5}, {"sure": "perhaps"}], FormRejected),
        ([{"n": 5}, {"sure": True, "unknown": 1}], FormRejected),
        ([{"n": 5}, {"sure": True}, {}], TooManyPages),
    ]
    for inputs, refusal in refused:
        with pytest.raises(refusal):
            engine.submit(process.pk, inputs=inputs, by="piet")

    process.refresh_from_db()
    assert process.status == "suspended"
    assert rows(process)[-1] == ("Two pages", "suspended")
    assert events(process) == [("maria", "started")]


def test_the_step_says_who_answered_and_what_it_changed():
    process = run(begin >> before >> two_pages >> after)

    engine.submit(process.pk, inputs=[{"n": 1}, {"sure": True}], by="piet")

    answered = process.steps.get(path="Two pages")
    assert (answered.status, answered.by) == ("success", "piet")
    assert answered.patch == {"sure": True, "more": 2}  # "n" is what it was.
    assert answered.completed_at
    process.refresh_from_db()
    assert (process.status, process.assignee) == ("resumed", "")


def test_a_second_answer_is_told_who_gave_the_first():
    process = run(begin >> before >> two_pages >> after)
    answer: list[State] = [{"n": 5}, {"sure": True}]
    engine.submit(process.pk, inputs=answer, by="piet")

    with pytest.raises(AlreadyAnswered, match="this form was answered by piet at 20"):
        engine.submit(process.pk, inputs=answer, by="maria")
    drain()
    with pytest.raises(AlreadyAnswered):
        engine.submit(process.pk, inputs=answer, by="maria")

    assert [path for path, _ in rows(process)].count("After") == 1


def test_a_process_that_waits_for_no_form_takes_none():
    process = run(begin >> before)

    with pytest.raises(WrongStatus, match="the process is completed; it waits for no form"):
        engine.submit(process.pk, inputs=[], by="piet")


def test_a_form_that_needs_a_missing_key_fails_the_process_and_says_so():
    @inputstep("Ask")
    def ask(missing: str):
        yield missing

    process = run(begin >> before >> ask)

    assert process.status == "failed"
    assert process.failed_reason == (
        "step 'Ask' needs 'missing', which is not in the state; the state has: n, ports"
    )
    assert rows(process)[-1] == ("Ask", "failed")


def test_a_form_that_asks_nothing_does_not_hold_the_process_up():
    @inputstep("Ask if need be")
    def ask(state: State):
        if state["n"] > 5:
            yield forms.FormPage
        return {"asked": False}

    process = run(begin >> before >> ask >> after)

    assert process.status == "completed"
    assert state(process)["asked"] is False


def test_a_form_may_return_a_page_or_be_one():
    class Page(forms.FormPage):
        n: int

    @inputstep("Simple")
    def simple():
        return Page

    process = run(begin >> before >> simple >> after)
    assert process.status == "suspended", process.failed_reason
    engine.submit(process.pk, inputs=[{"n": 9}], by="piet")
    drain()

    assert state(process)["after"] == 9


def test_a_form_that_changes_the_state_it_was_given_changes_nothing():
    @inputstep("Meddle")
    def meddle(state: State, ports: list[str]):
        state["ports"].append("b")
        ports.append("c")
        yield forms.FormPage

    process = run(begin >> before >> meddle >> after)
    engine.submit(process.pk, inputs=[{}], by="piet")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process)["ports"] == ["a"]


def test_a_form_is_not_run_again_by_the_worker_once_it_is_answered():
    seen, see = calls()

    @inputstep("Ask")
    def ask():
        see("asked")
        yield forms.FormPage

    process = run(begin >> before >> ask >> after)
    engine.submit(process.pk, inputs=[{}], by="piet")
    asked = len(seen)
    drain()

    assert len(seen) == asked


def test_two_forms_in_a_row_wait_for_two_answers():
    @inputstep("Second")
    def second():
        class Page(forms.FormPage):
            n: int

        page = yield Page
        return page.model_dump()

    process = run(begin >> before >> step_group("Forms", two_pages >> second) >> after)
    engine.submit(process.pk, inputs=[{"n": 2}, {"sure": True}], by="piet")
    drain()
    process.refresh_from_db()
    assert (process.status, process.next_step) == ("suspended", "Forms/Second")
    assert queue.claim(1) == []
    engine.submit(process.pk, inputs=[{"n": 3}], by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process)["after"] == 3
    assert events(process) == [("maria", "started"), ("piet", "resumed"), ("maria", "resumed")]


def test_a_form_s_answer_that_is_not_json_is_refused_and_the_form_stays_open():
    @inputstep("Odd")
    def odd():
        yield forms.FormPage
        return {"odd": float("nan")}

    process = run(begin >> before >> odd)

    with pytest.raises(Exception, match="NaN"):
        engine.submit(process.pk, inputs=[{}], by="piet")

    process.refresh_from_db()
    assert process.status == "suspended"
