"""What a definition refuses, and how it finds its steps."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from workflows_app import (
    State,
    Step,
    StepList,
    abort,
    begin,
    conditional,
    done,
    init,
    inputstep,
    step,
    step_group,
)
from workflows_app.definition import (
    LONGEST_ASSIGNEE,
    LONGEST_NAME,
    LONGEST_PATH,
    WorkflowDefinition,
    cleanup_chain,
    complete_chain,
)
from workflows_app.errors import DefinitionError, RepeatedStep, UnknownStep
from workflows_app.models import Process, ProcessStep


def named(name: str) -> Step:
    @step(name)
    def nothing() -> State:
        return {}

    return nothing


A, B, C, D = map(named, "ABCD")


@inputstep("Confirm")
def confirm():
    yield


def defined(steps: Step | StepList, cleanup: StepList = begin) -> WorkflowDefinition:
    return WorkflowDefinition(
        name="example",
        description="An example",
        steps=complete_chain(begin >> steps),
        cleanup=cleanup_chain(cleanup),
    )


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        (A >> B >> A, "A"),
        (A >> named("A"), "A"),
        (step_group("G", A >> A), "G/A"),
        (step_group("G", A) >> step_group("G", B), "G"),
        (step_group("G", A) >> step_group("G", A), "G"),
        (step_group("Out", step_group("G", A) >> step_group("G", B)), "Out/G"),
        (conditional(bool)(A) >> A, "A"),
        (named("Start") >> A, "Start"),
        (A >> named("Done"), "Done"),
    ],
)
def test_a_repeated_path_is_refused_with_what_to_do(steps, path):
    with pytest.raises(RepeatedStep, match=f"the step '{path}' occurs twice.*another name"):
        defined(steps)


def test_the_same_name_in_two_groups_is_two_steps():
    definition = defined(step_group("G", A) >> step_group("H", A) >> A)

    assert {"G/A", "H/A", "A"} <= set(definition.by_path)


def test_a_clean_up_step_may_have_the_name_of_an_ordinary_one():
    definition = defined(A, cleanup=begin >> A)

    assert "Clean-up/A" in definition.by_path


@pytest.mark.parametrize("step_", [confirm, abort, done])
def test_a_clean_up_step_that_would_wait_or_end_the_process_is_refused(step_):
    with pytest.raises(DefinitionError, match=f"'{step_.name}' cannot be a clean-up step"):
        defined(A, cleanup=begin >> step_)


@pytest.mark.parametrize("name", ["x" * 301, "a\0b"])
def test_a_name_that_no_column_holds_is_refused_at_definition(name):
    with pytest.raises(DefinitionError, match="name"):
        defined(named(name))


def test_a_path_that_no_database_column_holds_is_refused_at_definition():
    with pytest.raises(DefinitionError, match="name"):
        defined(step_group("x" * 200, step_group("y" * 200, named("z" * 200))))


def test_an_assignee_that_no_database_column_holds_is_refused_at_definition():
    with pytest.raises(DefinitionError, match="assignee"):
        defined(inputstep("Confirm", "x" * 101)(lambda: None))


def test_a_step_without_a_name_is_refused_at_definition():
    with pytest.raises(DefinitionError, match="name"):
        defined(named(""))


def test_the_limits_of_names_are_those_of_the_columns():
    def length(model: Any, column: str) -> Any:
        return model._meta.get_field(column).max_length

    assert length(ProcessStep, "name") == LONGEST_NAME
    assert length(ProcessStep, "path") == length(Process, "next_step") == LONGEST_PATH
    assert length(Process, "assignee") == LONGEST_ASSIGNEE


def test_start_and_done_are_added_where_they_lack():
    for steps in (A, init >> A, A >> done, init >> A >> done):
        assert [found.name for found in defined(steps).steps] == ["Start", "A", "Done"]
    assert [found.name for found in defined(A >> abort).steps] == ["Start", "A", "Abort"]
    assert [found.name for found in defined(begin).steps] == ["Start", "Done"]


def test_each_step_knows_its_successor_and_the_last_has_none():
    definition = defined(A >> B, cleanup=C >> D)

    assert [definition.after(path) for path in ("Start", "A", "B", "Done")] == [
        "A",
        "B",
        "Done",
        "",
    ]
    assert definition.after("Clean-up/C") == "Clean-up/D"
    assert definition.after("Clean-up/D") == ""


def test_a_step_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UnknownStep, match=r"'X' is no longer part.*Start, A, Done"):
        defined(A).step("X")


def test_a_block_holds_exactly_the_steps_its_condition_guards():
    inner = conditional(bool, name="inner")(B >> C)
    definition = defined(conditional(bool, name="outer")(A >> inner) >> D)

    outer = definition.step("If outer: A")
    assert [found.path for found in definition.block(outer)] == ["A", "If inner: B", "B", "C"]
    assert [found.path for found in definition.block(inner[0])] == ["B", "C"]


@pytest.mark.parametrize(
    ("outer", "inner", "point"),
    [
        ("start", "start", "Out/A"),
        ("start", "failed", "Out/A"),
        ("failed", "start", "Out/In/B"),
        ("failed", "failed", "Out/In/C"),
    ],
)
def test_a_retry_begins_at_the_outermost_group_that_is_retried_from_its_start(outer, inner, point):
    definition = defined(
        step_group("Out", A >> step_group("In", B >> C, retry_from=inner), retry_from=outer) >> D
    )

    assert definition.retry_point("Out/In/C") == point
    assert definition.retry_point("D") == "D"


def test_a_definition_is_data_that_shows_what_changed():
    before, after = defined(A >> confirm), defined(A >> B >> confirm)

    assert before.snapshot() != after.snapshot()
    assert before.snapshot() == defined(A >> confirm).snapshot()
    assert before.snapshot()[2] == {
        "path": "Confirm",
        "name": "Confirm",
        "kind": "input",
        "assignee": "SYSTEM",
    }


@given(st.lists(st.sampled_from("ABCDEFG"), unique=True, min_size=1))
def test_following_the_successors_visits_every_step_once_in_order(names):
    definition = defined(StepList(map(named, names)))

    visited = [definition.steps[0].path]
    while following := definition.after(visited[-1]):
        visited.append(following)

    assert visited == ["Start", *names, "Done"]
