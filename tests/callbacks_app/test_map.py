"""Many callbacks at once."""

import pytest

from callbacks_app.models import CallbackToken
from callbacks_app.steps import CallbackHandle, callback_map
from tests.engine import drain, make_due, run, state
from workflows_app import State, begin, engine, step
from workflows_app.errors import DefinitionError
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)

NODES = ["ams", "utr", "grq", "ein"]


@step("List the nodes")
def nodes() -> State:
    return {"nodes": NODES}


class Fleet:
    """The remote systems of a map, by their items."""

    def __init__(self, remote):
        self.remote = remote
        self.routes = {}
        self.keys = []
        self.away = set()

    @property
    def submitter(self):
        @step("Configure node")
        def configure(item: str, index: int, callback_route: str, idempotency_key: str) -> None:
            self.keys.append((index, idempotency_key))
            if item in self.away:
                raise ConnectionError(f"{item} is away")
            self.routes[item] = callback_route

        return configure

    def run(self, **options) -> Process:
        return run(begin >> nodes >> callback_map("nodes", self.submitter, **options))

    def answer(self, node, body=None):
        response = self.remote.post(route=self.routes[node], body={"node": node} | (body or {}))
        drain()
        return response

    def fail(self, node):
        response = self.remote.post(
            "/failure", route=self.routes[node], body={"error_message": f"{node} broke"}
        )
        drain()
        return response


@pytest.fixture
def fleet(remote) -> Fleet:
    return Fleet(remote)


def results(process):
    process.refresh_from_db()
    return state(process)["callback_results"]


def test_the_process_goes_on_when_all_have_answered(fleet):
    process = fleet.run()
    assert list(fleet.routes) == NODES
    assert len(set(fleet.routes.values())) == 4

    for node in reversed(NODES):
        assert process.status == "awaiting_callback"
        assert fleet.answer(node).status_code == 200
        process.refresh_from_db()

    assert process.status == "completed"
    assert results(process) == [
        {"index": index, "status": "succeeded", "result": {"node": node}}
        for index, node in enumerate(NODES)
    ]


def test_the_answers_so_far_are_its_progress(fleet):
    process = fleet.run()
    fleet.answer("ams")

    waiting = process.steps.get(status="awaiting_callback")
    assert waiting.progress == {"percent": 25, "message": "1 of 4 answered"}


def test_enough_successes_end_it_and_the_others_are_cancelled(fleet):
    process = fleet.run(min_successful=2)
    fleet.answer("utr")
    fleet.answer("ein")

    assert [entry["status"] for entry in results(process)] == [
        "cancelled", "succeeded", "cancelled", "succeeded",
    ]  # fmt: skip
    assert process.status == "completed"
    late = fleet.answer("ams")
    assert (late.status_code, late.json()["code"]) == (410, "cancelled")
    assert late.json()["cancel_requested"] is True


def test_failures_that_can_be_afforded_do_not_end_it(fleet):
    process = fleet.run(min_successful=2)
    fleet.fail("ams")
    fleet.fail("utr")
    process.refresh_from_db()
    assert process.status == "awaiting_callback"

    fleet.answer("grq")
    fleet.answer("ein")

    assert [entry["status"] for entry in results(process)] == [
        "failed", "failed", "succeeded", "succeeded",
    ]  # fmt: skip
    assert "ams broke" in results(process)[0]["error"]


def test_too_many_failures_fail_it_and_the_others_are_cancelled(fleet):
    process = fleet.run()
    fleet.fail("grq")

    process.refresh_from_db()
    failed = process.steps.get(status="failed")
    assert (process.status, failed.error_class) == ("failed", "CallbackMapFailed")
    assert failed.reason == "1 of 4 items failed; 4 must succeed"
    assert [entry["status"] for entry in failed.details] == ["cancelled"] * 2 + [
        "failed",
        "cancelled",
    ]
    assert fleet.answer("ams").status_code == 410


def test_a_limit_of_failures_ends_it_sooner(fleet):
    process = fleet.run(min_successful=1, max_failures=1)
    fleet.fail("ams")
    process.refresh_from_db()
    assert process.status == "awaiting_callback"

    fleet.fail("utr")

    process.refresh_from_db()
    assert process.status == "failed"


def test_an_item_that_cannot_be_submitted_has_failed_and_the_others_run(fleet):
    fleet.away = {"utr"}
    process = fleet.run(min_successful=3)
    for node in ("ams", "grq", "ein"):
        fleet.answer(node)

    failed = results(process)[1]
    assert failed["status"] == "failed"
    assert "utr is away" in failed["error"]


def test_an_early_answer_of_an_item_is_kept(fleet, remote):
    @step("Configure node")
    def configure(item: str, callback_route: str) -> None:
        assert remote.post(route=callback_route, body=item).status_code == 202

    process = run(begin >> nodes >> callback_map("nodes", configure))

    assert process.status == "completed"
    assert [entry["result"] for entry in results(process)] == NODES


def test_a_worker_that_dies_between_two_items_submits_only_the_rest(fleet, monkeypatch):
    original = fleet.submitter

    @step("Configure node")
    def configure(item: str, index: int, callback_route: str, idempotency_key: str) -> None:
        original.function(item, index, callback_route, idempotency_key)
        if item == "utr" and len(fleet.keys) == 2:
            raise KeyboardInterrupt  # As a killed worker: nothing more is written.

    with pytest.raises(KeyboardInterrupt):
        run(begin >> nodes >> callback_map("nodes", configure))
    process = Process.objects.get()
    assert process.status == "running"
    first = dict(fleet.routes)
    make_due(process)
    drain()

    process.refresh_from_db()
    assert process.status == "awaiting_callback"
    submitted = [index for index, _key in fleet.keys]
    assert submitted == [0, 1, 1, 2, 3]
    assert fleet.keys[1] == fleet.keys[2]
    assert len({key for _index, key in fleet.keys}) == 4
    assert {node: fleet.routes[node] for node in first} == first


def test_items_may_be_a_function_of_the_state(fleet):
    def but_one(state: State) -> list[str]:
        return list(state["nodes"][:-1])

    process = run(begin >> nodes >> callback_map(but_one, fleet.submitter))

    assert process.status == "awaiting_callback"
    assert list(fleet.routes) == NODES[:-1]


def test_no_items_are_done_at_once(fleet):
    process = run(begin >> nodes >> callback_map(lambda _state: [], fleet.submitter))

    assert (process.status, results(process)) == ("completed", [])


@pytest.mark.parametrize(
    "items",
    ["missing", lambda _state: 7, lambda _state: list(range(1001))],
    ids=["missing", "no list", "too many"],
)
def test_items_that_are_no_list_or_too_many_fail_the_step(fleet, items):
    process = run(begin >> nodes >> callback_map(items, fleet.submitter))

    assert process.status == "failed"
    assert "a list of 1000 items at most" in process.failed_reason


def test_more_successes_than_items_cannot_be_had(fleet):
    process = fleet.run(min_successful=5)

    assert process.status == "failed"


def test_an_item_that_times_out_has_failed(fleet):
    process = fleet.run(min_successful=3, timeout=60)
    CallbackToken.objects.filter(item=0).update(deadline_at="2026-01-01T00:00:00Z")
    for node in NODES[1:]:
        fleet.answer(node)

    assert results(process)[0]["status"] == "timed_out"


def test_the_process_is_due_when_the_first_item_expires(fleet):
    process = fleet.run(timeout=60)
    earliest = CallbackToken.objects.order_by("deadline_at").values_list("deadline_at", flat=True)

    assert process.due_at == earliest[0]


def test_a_retry_asks_all_again_and_the_first_are_gone(fleet):
    process = fleet.run()
    fleet.fail("ams")
    first = dict(fleet.routes)
    engine.retry(process.pk, by="maria")
    drain()
    assert set(first.values()).isdisjoint(fleet.routes.values())

    for node in NODES:
        fleet.answer(node)

    assert all(entry["status"] == "succeeded" for entry in results(process))


def test_a_handle_can_be_asked_for(remote):
    seen = []

    @step("Configure node")
    def configure(item: str, callback_handle: CallbackHandle) -> None:
        seen.append((item, callback_handle.callback_id))

    run(begin >> nodes >> callback_map("nodes", configure))

    assert [item for item, _id in seen] == NODES
    assert len({identity for _item, identity in seen}) == 4


@pytest.mark.parametrize(
    "options",
    [{"min_successful": -1}, {"max_failures": -1}, {"on_timeout": "retry"}, {"timeout": 0}],
)
def test_options_that_make_no_sense_are_refused_at_once(fleet, options):
    with pytest.raises(DefinitionError):
        callback_map("nodes", fleet.submitter, **options)
