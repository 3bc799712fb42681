"""What a step is given, and what becomes of what it returns and of what it writes itself."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel

from tests.engine import calls, define, drain, rows, run, state
from tests.labels import label
from tests.unit.test_json_values import STATES
from workflows_app import State, begin, engine, focussteps, sleep_step, step, step_group
from workflows_app.engine.loading import load, unlocked
from workflows_app.json_values import to_json
from workflows_app.models import ProcessStep

pytestmark = pytest.mark.django_db(transaction=True)


@step("Nothing")
def nothing() -> None:
    return None


@pytest.fixture
def parked():
    """Return a process whose first step's row may hold any patch."""
    return run(begin >> sleep_step("Park", 60), name="parked")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=STATES)
def test_any_state_reads_back_from_the_database_unchanged(parked, value):
    plain = to_json(value)

    ProcessStep.objects.filter(process=parked, position=0).update(patch=plain)

    found = load(unlocked(parked.pk)).state
    assert found == plain
    assert json.dumps(found, sort_keys=True) == json.dumps(plain, sort_keys=True)


class Node(BaseModel):
    id: UUID
    seen_at: datetime


def test_types_come_from_the_next_step_s_annotations_and_not_by_guessing():
    seen, see = calls()
    node = Node(id=UUID(int=5), seen_at=datetime(2019, 5, 18, 15, 17, 0, 123456, tzinfo=UTC))

    @step("Give")
    def give() -> State:
        return {"node": node, "text": "2019-05-18T15:17:00.12345", "nodes": {"a": [node]}}

    @step("Take")
    def take(node: Node, text: str, nodes: dict[str, list[Node]], state: State) -> None:
        see((node, text, nodes, state["node"]["seen_at"]))

    process = run(begin >> give >> take)

    assert process.status == "completed", process.failed_reason
    assert seen == [
        (node, "2019-05-18T15:17:00.12345", {"a": [node]}, "2019-05-18T15:17:00.123456Z")
    ]


def test_the_next_step_sees_the_same_json_with_and_without_a_restart_between():
    seen, see = calls()

    @step("Give")
    def give() -> State:
        return {"t": (1, 2), "n": {1: None}, "big": 1e20}

    @step("See")
    def look(state: State) -> None:
        see(json.dumps({key: state[key] for key in ("t", "n", "big")}))

    run(begin >> give >> look)
    process = run(begin >> give >> sleep_step("Nap", 60) >> look)
    engine.resume(process.pk, by="maria")
    drain()

    assert seen == [seen[0]] * 2


def test_changing_an_argument_without_returning_it_changes_nothing():
    @step("Give")
    def give() -> State:
        return {"ports": [{"vlans": [1]}]}

    @step("Meddle")
    def meddle(state: State, ports: list[State]) -> None:
        ports[0]["vlans"].append(2)
        state["ports"].clear()
        state["extra"] = True

    @step("Look")
    def look(ports: list[State]) -> State:
        return {"seen": ports}

    process = run(begin >> give >> meddle >> look)

    assert state(process) == {"ports": [{"vlans": [1]}], "seen": [{"vlans": [1]}]}


def test_a_patch_holds_only_what_the_step_returned_and_the_state_keeps_the_rest():
    @step("Give")
    def give() -> State:
        return {"a": 1, "b": {"c": 1}}

    @step("Change")
    def change() -> State:
        return {"b": {"d": 2}}

    process = run(begin >> give >> change >> nothing)

    patches = process.steps.order_by("position").values_list("patch", flat=True)
    assert list(patches) == [{}, {"a": 1, "b": {"c": 1}}, {"b": {"d": 2}}, {}, {}]
    assert state(process) == {"a": 1, "b": {"d": 2}}


def test_a_step_is_told_about_its_process():
    seen, see = calls()

    @step("Ask")
    def ask(
        process_id: UUID, workflow_name: str, reporter: str, attempt: int, idempotency_key: str
    ) -> None:
        see((process_id, workflow_name, reporter, attempt))
        see(idempotency_key)

    process = run(begin >> ask, name="asking")

    assert seen[0] == (process.pk, "asking", "maria", 1)
    assert str(UUID(seen[1])) == seen[1]


def test_a_key_of_the_state_cannot_pretend_to_be_the_reporter():
    seen, see = calls()

    @step("Pretend")
    def pretend() -> State:
        return {"reporter": "mallory", "process_id": "x", "attempt": 99}

    @step("Ask")
    def ask(process_id: UUID, reporter: str, attempt: int) -> None:
        see((process_id, reporter, attempt))

    process = run(begin >> pretend >> ask)

    assert seen == [(process.pk, "maria", 1)]


@pytest.mark.parametrize(
    ("value", "error_class", "why"),
    [
        ({"a": object()}, "NotJSON", "the step's result cannot be stored as JSON"),
        ({"a": float("nan")}, "NotJSON", "the step's result contains NaN"),
        ({"a": [float("inf")]}, "NotJSON", "the step's result contains Infinity"),
        ({"a": "x\0y"}, "NotJSON", "the step's result contains the character NUL"),
        ({"a": "\ud800"}, "NotJSON", "the step's result cannot be stored as JSON"),
        ({"a": b"\xff"}, "NotJSON", "the step's result cannot be stored as JSON"),
        ([("a", 1)], "WrongResult", "step 'Odd' returned a list"),
        ("text", "WrongResult", "step 'Odd' returned a str"),
        (5, "WrongResult", "step 'Odd' returned a int"),
    ],
    ids=label,
)
def test_a_result_that_cannot_be_kept_fails_the_step_and_changes_nothing(value, error_class, why):
    @step("Before")
    def before() -> State:
        return {"kept": 1}

    @step("Odd")
    def odd():
        return value

    process = run(begin >> before >> odd >> nothing)

    assert process.status == "failed"
    assert process.failed_reason.startswith(why)
    assert rows(process)[-1] == ("Odd", "failed")
    failed = process.steps.get(path="Odd")
    assert (failed.error_class, failed.patch) == (error_class, {})
    assert failed.reason == process.failed_reason
    assert state(process) == {"kept": 1}


def test_a_result_under_a_lens_that_cannot_be_kept_fails_the_step():
    @step("Odd")
    def odd() -> State:
        return {"a": object()}

    process = run(begin >> focussteps("port")(odd))

    assert process.status == "failed"
    assert state(process) == {}


@pytest.mark.parametrize("message", ["nul \0 in it", "half \ud800 a pair", "long " * 10_000, ""])
def test_an_error_s_words_are_stored_whatever_they_hold(message):
    @step("Boom")
    def boom() -> None:
        raise RuntimeError(message)

    process = run(begin >> boom)

    assert process.status == "failed"
    assert process.failed_reason
    assert rows(process)[-1] == ("Boom", "failed")


def test_a_megabyte_is_stored_once_and_not_with_every_step():
    @step("Load")
    def load_much() -> State:
        return {"dump": "x" * 1_000_000}

    @step("Measure")
    def measure(dump: str) -> State:
        return {"length": len(dump)}

    process = run(begin >> load_much >> measure >> nothing)

    assert process.status == "completed"
    assert state(process)["length"] == 1_000_000
    sizes = [len(json.dumps(row.patch)) for row in process.steps.all()]
    assert 1_000_000 < sum(sizes) < 1_001_000


def test_a_missing_parameter_fails_the_step_before_it_runs():
    ran, run_it = calls()

    @step("Order")
    def order(port: str) -> None:
        run_it(port)

    process = run(begin >> order)

    assert process.failed_reason == (
        "step 'Order' needs 'port', which is not in the state; the state has: nothing"
    )
    assert ran == []


@step("Write and fail")
def write_and_fail() -> State:
    Group.objects.create(name="written")
    raise RuntimeError("after writing")


@step("Write and fail", atomic=False)
def write_alone_and_fail() -> State:
    Group.objects.create(name="written")
    raise RuntimeError("after writing")


@step("Write and return")
def write_and_return() -> State:
    Group.objects.create(name="written")
    return {"group": object()}


@pytest.mark.postgresql
@pytest.mark.parametrize("writing", [write_and_fail, write_and_return], ids=["raises", "not json"])
def test_on_postgresql_what_a_failing_step_wrote_is_rolled_back(writing):
    process = run(begin >> writing)

    assert process.status == "failed"
    assert not Group.objects.exists()


def test_what_a_failing_step_wrote_stays_with_atomic_false_and_always_on_sqlite():
    process = run(begin >> write_alone_and_fail)
    assert process.status == "failed"
    assert Group.objects.filter(name="written").exists()

    Group.objects.all().delete()
    process = run(begin >> write_and_fail)
    assert process.status == "failed"
    assert Group.objects.exists() == (connection.vendor == "sqlite")


def test_what_a_step_wrote_commits_with_its_result():
    @step("Write")
    def write() -> State:
        return {"group": Group.objects.create(name="written").pk}

    process = run(begin >> write)

    assert process.status == "completed"
    assert Group.objects.get(pk=state(process)["group"]).name == "written"


@pytest.mark.postgresql
def test_on_postgresql_a_step_that_swallowed_a_database_error_fails_and_keeps_nothing():
    @step("Swallow")
    def swallow() -> State:
        Group.objects.create(name="first")
        try:
            Group.objects.create(name="first")
        except Exception:  # noqa: BLE001 - what an author should not do.
            return {"swallowed": True}
        raise AssertionError

    process = run(begin >> swallow)

    assert process.status == "failed"
    assert state(process) == {}
    assert not Group.objects.exists()


def test_edits_of_a_state_survive_the_retry_of_a_whole_group():
    @step("Order")
    def order() -> State:
        return {"ordered": True}

    @step("Check")
    def check(vlan: int) -> None:
        assert vlan == 5, "wrong vlan"

    @step("Choose")
    def choose() -> State:
        return {"vlan": 1}

    process = run(begin >> choose >> step_group("G", order >> check))
    engine.edit_state(process.pk, values={"vlan": 5}, by="maria", reason="typo")
    engine.retry(process.pk, by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"vlan": 5, "ordered": True}


def test_a_form_s_values_are_not_merged_again_when_the_process_goes_on():
    @step("Assign")
    def assign() -> State:
        return {"vlan": 1001}

    name = define(
        begin >> assign >> sleep_step("Nap", 60) >> nothing,
        initial_input_form=lambda: {"vlan": 1},
    )
    process = engine.start(name, by="maria")
    drain()
    engine.resume(process.pk, by="maria")
    drain()

    assert state(process) == {"vlan": 1001}


@pytest.mark.parametrize("leaving", [SystemExit, asyncio.CancelledError, GeneratorExit])
def test_a_step_that_leaves_its_thread_fails_instead_of_ending_its_worker(leaving):
    @step("Exit")
    def leave() -> None:
        raise leaving

    process = run(begin >> leave)

    assert process.status == "failed"
