"""Code changes under processes that are on their way."""

import pytest
from django.utils import timezone

from tests.engine import define, drain, events, make_due, rows, run, state
from workflows_app import (
    LazyWorkflowInstance,
    Retry,
    State,
    StepList,
    begin,
    conditional,
    engine,
    forms,
    inputstep,
    registry,
    sleep_step,
    step,
    step_group,
)
from workflows_app.errors import UnknownStep, WrongStatus
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)


def named(name, **options):
    @step(name, **options)
    def note(ran: tuple[str, ...] = ()) -> State:
        return {"ran": [*ran, name]}

    return note


A, B, C, NEW = map(named, ("A", "B", "C", "New"))


@step("Boom")
def boom() -> None:
    raise RuntimeError("boom")


@step("Try")
def try_again() -> None:
    raise RuntimeError("boom")


@inputstep("Confirm")
def confirm():
    class Page(forms.FormPage):
        sure: bool

    answer = yield Page
    return answer.model_dump()


NAP = sleep_step("Nap", 60)
TRY = step("Try", retry=Retry())(boom.function)  # type: ignore[arg-type]
PARKING = {"suspended": confirm, "failed": boom, "waiting": NAP, "retrying": TRY}


def let_go_on(process: Process, where: str) -> None:
    if where == "suspended":
        engine.submit(process.pk, inputs=[{"sure": True}], by="piet")
    elif where == "failed":
        engine.retry(process.pk, by="piet")
    else:
        make_due(process)
    drain()
    process.refresh_from_db()


@pytest.mark.parametrize("where", PARKING)
@pytest.mark.parametrize("new", [begin >> A >> C, begin >> A >> NEW >> C], ids=["gone", "renamed"])
def test_a_process_whose_step_is_gone_fails_and_runs_nothing_in_its_place(where, new):
    process = run(begin >> A >> PARKING[where] >> C)
    define(new)

    try:
        let_go_on(process, where)
    except UnknownStep:
        process.refresh_from_db()
        assert process.status in ("suspended", "failed")
    else:
        assert process.status == "failed"
        assert f"'{PARKING[where].name}' is no longer part of the workflow" in process.failed_reason
        assert "choose the step to continue from: Start, A," in process.failed_reason
    assert state(process) == {"ran": ["A"]}
    assert {"C", "New"}.isdisjoint(dict(rows(process)))


@pytest.mark.parametrize("where", PARKING)
def test_an_operator_chooses_where_a_process_goes_on_whose_step_is_gone(where):
    process = run(begin >> A >> PARKING[where] >> C)
    define(begin >> A >> NEW >> C)

    engine.retry(process.pk, by="piet", from_step="New", reason="renamed in release 5")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"ran": ["A", "New", "C"]}
    assert ("piet", "retried") in events(process)
    assert not process.steps.filter(completed_at=None).exists()


def test_only_a_process_whose_step_is_gone_can_be_sent_elsewhere_while_it_waits():
    process = run(begin >> A >> confirm >> C)

    with pytest.raises(WrongStatus):
        engine.retry(process.pk, by="piet", from_step="C")

    process.refresh_from_db()
    assert process.status == "suspended"


def test_a_missing_step_cannot_be_skipped_over_unseen():
    process = run(begin >> A >> boom >> C)
    define(begin >> A >> C)

    for verb in (
        lambda: engine.skip(process.pk, by="piet", reason="gone"),
        lambda: engine.retry(process.pk, by="piet"),
    ):
        with pytest.raises(UnknownStep):
            verb()

    assert state(process) == {"ran": ["A"]}


@pytest.mark.parametrize("where", PARKING)
def test_a_step_inserted_after_the_bookmark_runs_and_one_before_it_does_not(where):
    process = run(begin >> A >> PARKING[where] >> C)
    parking = B if where in ("failed", "retrying") else PARKING[where]
    if parking is B:
        parking = named(PARKING[where].name)
    define(begin >> named("Before") >> A >> parking >> NEW >> C)

    let_go_on(process, where)

    assert process.status == "completed"
    ran = [name for name in state(process)["ran"] if name not in ("Boom", "Try")]
    assert ran == ["A", "New", "C"]


@pytest.mark.parametrize("where", PARKING)
def test_a_step_removed_before_the_bookmark_moves_nothing(where):
    process = run(begin >> A >> B >> PARKING[where] >> C)
    parking = named("Boom") if where == "failed" else PARKING[where]
    parking = named("Try") if where == "retrying" else parking
    define(begin >> B >> parking >> C)

    let_go_on(process, where)

    assert process.status == "completed"
    assert state(process)["ran"][:2] == ["A", "B"]
    assert state(process)["ran"][-1] == "C"


def test_a_group_renamed_under_a_suspended_process_does_not_skip_its_validation():
    process = run(begin >> A >> step_group("Group", confirm >> B) >> C)
    define(begin >> A >> step_group("Renamed", confirm >> B) >> C)

    with pytest.raises(UnknownStep):
        engine.submit(process.pk, inputs=[{"sure": True}], by="piet")
    engine.retry(process.pk, by="piet", from_step="Renamed/Confirm")
    drain()
    process.refresh_from_db()
    assert (process.status, process.next_step) == ("suspended", "Renamed/Confirm")
    engine.submit(process.pk, inputs=[{"sure": True}], by="piet")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == {"ran": ["A", "B", "C"], "sure": True}


def test_a_condition_added_around_the_bookmark_does_not_stop_it():
    process = run(begin >> A >> confirm >> C)
    define(begin >> A >> conditional(lambda _state: False)(confirm >> B) >> C)

    let_go_on(process, "suspended")

    assert process.status == "completed"
    assert state(process)["ran"] == ["A", "B", "C"]


def test_a_process_keeps_the_definition_it_started_with():
    process = run(begin >> A >> confirm >> C)

    assert [entry["name"] for entry in process.definition] == ["Start", "A", "Confirm", "C", "Done"]
    assert [entry["kind"] for entry in process.definition] == [
        "start",
        "step",
        "input",
        "step",
        "end",
    ]


def test_a_finished_process_never_shows_steps_that_it_did_not_have():
    process = run(begin >> A >> C)
    define(begin >> A >> NEW >> C)

    drain()
    process.refresh_from_db()

    assert "New" not in [entry["name"] for entry in process.definition]
    assert events(process) == [("maria", "started")]


def test_a_changed_definition_is_kept_anew_with_one_event_when_a_worker_takes_the_process():
    process = run(begin >> A >> confirm >> NAP >> C)
    before = process.definition
    define(begin >> A >> confirm >> NAP >> NEW >> C)

    let_go_on(process, "suspended")
    assert process.status == "waiting"
    let_go_on(process, "waiting")

    changed = process.events.filter(action="definition changed").get()
    assert changed.actor == "SYSTEM"
    assert changed.details == {"before": before, "after": process.definition}
    assert "New" in [entry["name"] for entry in process.definition]


def test_the_same_definition_is_no_change():
    process = run(begin >> A >> confirm >> C)
    define(begin >> A >> confirm >> C)

    let_go_on(process, "suspended")

    assert events(process) == [("maria", "started"), ("piet", "resumed")]


@pytest.mark.parametrize("chain", [begin >> A, begin >> A >> B >> C])
def test_a_clean_up_that_came_with_a_release_runs_for_older_processes_too(chain):
    process = run(chain >> confirm)
    define(StepList(chain) >> confirm, cleanup=NEW)

    engine.abort(process.pk, by="piet")
    drain()

    assert rows(process)[-1] == ("Clean-up/New", "success")


def test_a_clean_up_step_that_is_gone_ends_the_clean_up_visibly():
    process = run(begin >> A >> confirm, cleanup=B >> C)
    engine.abort(process.pk, by="piet")
    define(begin >> A >> confirm, cleanup=C)

    drain()

    process.refresh_from_db()
    assert (process.status, process.due_at, process.worker) == ("aborted", None, "")
    assert rows(process)[-1] == ("Clean-up/B", "failed")
    assert "no longer part" in process.failed_reason


@pytest.mark.parametrize(
    "code", ["def broken(:", "raise RuntimeError('no plan')", "import no_such"]
)
def test_a_release_whose_module_cannot_be_imported_fails_the_process_and_says_why(
    code, tmp_path, monkeypatch
):
    process = run(begin >> A >> confirm, name="broken_release")
    (tmp_path / "broken_module.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(registry._workflows, "broken_release")
    LazyWorkflowInstance("broken_module", "broken_release")
    Process.objects.filter(pk=process.pk).update(status="resumed", due_at=timezone.now())

    drain()

    process.refresh_from_db()
    assert process.status == "failed"
    assert "the module broken_module raised" in process.failed_reason
