"""The language: chains, and what the combinators keep of a step."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from workflows_app import (
    Assignee,
    Retry,
    State,
    StepList,
    abort,
    begin,
    conditional,
    done,
    focussteps,
    init,
    inputstep,
    retrystep,
    sleep_step,
    step,
    step_group,
    steplens,
)
from workflows_app.dsl import Context, Step
from workflows_app.dsl.steps import Kind
from workflows_app.errors import DefinitionError, NotAStep, WrongResult
from workflows_app.outcomes import Success, Wait
from workflows_app.statuses import StepStatus

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def named(name: str) -> Step:
    @step(name)
    def nothing() -> State:
        return {}

    return nothing


A, B, C = named("A"), named("B"), named("C")
CHAINS = st.lists(st.sampled_from([A, B, C, begin, A >> B, B >> C]), min_size=3, max_size=3)


def context(state: dict[str, Any], **values: Any) -> Context:
    return Context(
        process_id=UUID(int=1),
        workflow_name="example",
        reporter="maria",
        path="A",
        state=state,
        now=NOW,
        **values,
    )


def run_alone(step: Step, state: dict[str, Any]) -> Any:
    outcome = step.prepare(context(state))()
    return outcome.patch if isinstance(outcome, Success) else outcome


@given(CHAINS)
def test_chaining_is_associative(parts):
    one, two, three = parts

    assert (begin >> one >> two) >> three == begin >> one >> (begin >> two >> three)


@given(CHAINS)
def test_the_empty_list_changes_nothing_on_either_side(parts):
    chain = begin >> parts[0] >> parts[1]

    assert chain >> begin == chain == begin >> chain


def test_chaining_leaves_its_operands_as_they_were():
    chain = begin >> A

    _ = chain >> B

    assert list(chain) == [A]
    assert list(begin) == []


def test_a_step_begins_a_chain_too():
    assert list(A >> B) == [A, B]
    assert list(A >> (B >> C)) == [A, B, C]


def test_a_chain_can_be_sliced_compared_and_counted():
    chain = A >> B >> C

    assert len(chain) == 3
    assert chain[0] is A
    assert chain[:2] >> chain[2:] == chain
    assert hash(chain) == hash(StepList([A, B, C]))
    assert repr(chain) == "<StepList 'A' >> 'B' >> 'C'>"


def undecorated() -> State:
    return {}


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (undecorated, "decorate the function undecorated with @step, or call it"),
        (5, "5 is a int"),
        (None, "None is a NoneType"),
        ([A], "is a list"),
        (step, "step"),
        (step_group, "step_group"),
    ],
)
def test_what_is_not_a_step_is_named(wrong, hint):
    for chain in (lambda: begin >> wrong, lambda: A >> wrong, lambda: step_group("G", wrong)):
        with pytest.raises(NotAStep) as error:
            chain()
        assert hint in str(error.value)


def test_a_decorated_function_stays_reachable():
    @step("Order")
    def order(port: int) -> State:
        """Order a port."""
        return {"ordered": port}

    assert order.function
    assert order.function.__doc__ == "Order a port."
    assert order.function(port=5) == {"ordered": 5}


def test_the_stock_steps_are_named_start_done_and_abort():
    assert [(stock.name, stock.kind) for stock in (init, done, abort)] == [
        ("Start", "start"),
        ("Done", "end"),
        ("Abort", "end"),
    ]
    assert {"start", "end"} <= set(get_args(Kind))


def consents(_user: object) -> bool:
    return True


def consents_to_retry(_user: object) -> bool:
    return True


@inputstep("Confirm", "NOC", authorize_resume=consents, authorize_retry=consents_to_retry)
def confirm():
    yield


@retrystep("Order", retry=Retry(max_attempts=3), timeout=5, authorize_retry=consents_to_retry)
def order() -> State:
    return {}


@step("Once", on_interrupt="fail", atomic=False)
def once() -> State:
    return {}


# fmt: off
KEPT = [
    "name", "kind", "function", "form", "assignee", "retry", "timeout", "on_interrupt", "atomic",
    "authorize_resume", "authorize_retry", "provides", "options", "engine_step",
]
# fmt: on
COMBINATORS = {
    "step_group": lambda steps: step_group("G", steps),
    "conditional": lambda steps: conditional(bool)(steps)[1:],
    "focussteps": focussteps("port"),
    "steplens": steplens(dict, lambda _whole: dict),
    "all of them": lambda steps: conditional(bool)(
        step_group("G", focussteps("port")(conditional(bool)(steps)[1:]))
    )[1:],
}


@pytest.mark.parametrize("combine", COMBINATORS.values(), ids=COMBINATORS)
@pytest.mark.parametrize("inner", [confirm, order, once], ids=lambda inner: inner.name)
def test_a_combined_step_keeps_all_that_it_carries(combine, inner):
    (combined,) = combine(inner)

    assert {name: getattr(combined, name) for name in KEPT} == {
        name: getattr(inner, name) for name in KEPT
    }


def test_combinators_take_a_list_as_well_as_a_step():
    for combine in COMBINATORS.values():
        assert [inner.name for inner in combine(A >> B)] == ["A", "B"]


def test_a_group_puts_its_name_before_the_names_of_its_steps():
    chain = step_group("Outer", begin >> A >> step_group("Inner", B >> C))

    assert [inner.path for inner in chain] == ["Outer/A", "Outer/Inner/B", "Outer/Inner/C"]


def test_a_condition_is_a_step_before_the_steps_it_guards():
    def wanted(_state):
        return True

    chain = conditional(wanted)(A >> B)

    assert [inner.path for inner in chain] == ["If wanted: A", "A", "B"]
    assert [inner.path for inner in conditional(wanted, name="more")(A)] == ["If more: A", "A"]
    assert conditional(lambda _state: True)(A)[0].path == "If condition: A"


def test_empty_blocks_and_odd_options_are_refused_by_name():
    with pytest.raises(DefinitionError, match="step_group 'G' has no steps"):
        step_group("G", begin)
    with pytest.raises(DefinitionError, match="conditional"):
        conditional(bool)(begin)
    with pytest.raises(DefinitionError, match="step_group 'G': retry_from"):
        step_group("G", A, retry_from="middle")  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="sleep_step 'Nap'"):
        sleep_step("Nap")
    with pytest.raises(DefinitionError, match="sleep_step 'Nap'"):
        sleep_step("Nap", 5, until=NOW)


@pytest.mark.parametrize("nap", [90, 90.5, timedelta(seconds=90)])
def test_a_timer_waits_for_its_duration_and_ends_when_it_is_run_again(nap):
    timer = sleep_step("Nap", nap)

    assert run_alone(timer, {}).until - NOW in (timedelta(seconds=90), timedelta(seconds=90.5))
    assert timer.prepare(context({}, resumes=StepStatus.WAITING))() == Success()


def test_a_timer_may_wait_until_what_the_state_says():
    window = NOW + timedelta(days=3)
    timer = sleep_step("Window", until=lambda state: datetime.fromisoformat(state["window"]))

    assert run_alone(timer, {"window": window.isoformat()}) == Wait(window)
    assert run_alone(sleep_step("Window", until=window), {}) == Wait(window)


@pytest.mark.parametrize("until", ["tomorrow", NOW.replace(tzinfo=None), dict])
def test_a_timer_without_an_aware_instant_is_refused(until):
    with pytest.raises(DefinitionError, match="sleep_step 'Window': until="):
        run_alone(sleep_step("Window", until=until), {})


@pytest.mark.parametrize("result", [[1], "text", 5, {1, 2}, (("a", 1),), iter(())])
def test_a_step_returns_a_mapping_or_nothing(result):
    @step("Odd")
    def odd():
        return result

    with pytest.raises(WrongResult, match=f"step 'Odd' returned a {type(result).__name__}"):
        run_alone(odd, {})


def test_a_step_that_returns_nothing_changes_nothing():
    @step("Quiet")
    def quiet():
        return None

    assert run_alone(quiet, {"n": 1}) == {}


def test_steps_under_a_lens_see_and_change_only_their_part():
    @step("Speed up")
    def speed_up(state: State, speed: int) -> State:
        assert state == {"speed": 1}
        return {"speed": speed * 10}

    (focused,) = focussteps("port")(speed_up)
    (deeper,) = focussteps("node")(focussteps("port")(speed_up))

    assert run_alone(focused, {"port": {"speed": 1}, "n": 1}) == {"port": {"speed": 10}}
    assert run_alone(deeper, {"node": {"port": {"speed": 1}, "n": 1}}) == {
        "node": {"port": {"speed": 10}, "n": 1}
    }


def test_focusing_on_an_absent_key_gives_an_empty_object():
    @step("Fill")
    def fill(state: State) -> State:
        assert state == {}
        return {"speed": 1}

    (focused,) = focussteps("port")(fill)

    assert run_alone(focused, {"n": 1}) == {"port": {"speed": 1}}


def test_focusing_on_something_that_is_no_object_says_so():
    (focused,) = focussteps("port")(A)

    with pytest.raises(TypeError, match=r"state\['port'\] is not an object"):
        run_alone(focused, {"port": "et-0/0/1"})


def test_a_lens_of_the_author_s_own_reads_and_writes_back():
    def first_port(state: State) -> State:
        port: State = state["ports"][0]
        return port

    def put_back(state: State) -> Any:
        return lambda port: {**state, "ports": [port, *state["ports"][1:]]}

    @step("Speed up")
    def speed_up(speed: int) -> State:
        return {"speed": speed * 10}

    (seen,) = steplens(first_port, put_back)(speed_up)

    assert run_alone(seen, {"ports": [{"speed": 1}, {"speed": 2}], "n": 1}) == {
        "ports": [{"speed": 10}, {"speed": 2}]
    }


def test_a_condition_looks_at_a_copy():
    def greedy(state):
        return state.clear() or True

    state = {"a": [1]}
    run_alone(conditional(greedy)(A)[0], state)

    assert state == {"a": [1]}


def test_an_assignee_may_be_a_word_of_the_language_or_any_name():
    assert inputstep("Confirm", Assignee.NOC)(undecorated).assignee == "NOC"
    assert inputstep("Confirm", "Field")(undecorated).assignee == "Field"
    assert inputstep("Confirm")(undecorated).assignee == "SYSTEM"
