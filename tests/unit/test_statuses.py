"""The status machine: every move that ``MOVES`` lists works, and no other."""

import re
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from workflows_app.errors import WrongStatus
from workflows_app.models import Process
from workflows_app.statuses import FAILURES, FINAL, MOVES, PARKED, Assignee, ProcessStatus

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PAIRS = list(product(ProcessStatus, ProcessStatus))
LEGAL = [(before, after) for before, after in PAIRS if after in MOVES[before]]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("before", "after"), LEGAL)
def test_a_listed_move_changes_the_status(before, after):
    process = Process(status=before, failed_reason="no light")

    changed = process.move_to(after, at=NOW, due_at=None)

    assert process.status == after
    assert process.modified_at == NOW
    assert process.finished_at == (NOW if after in FINAL else None)
    assert (process.failed_reason == "no light") == (after in {*FAILURES, ProcessStatus.WAITING})
    assert "status" in changed


@pytest.mark.parametrize(("before", "after"), ILLEGAL)
def test_a_move_that_is_not_listed_is_refused_and_changes_nothing(before, after):
    process = Process(status=before, failed_reason="no light", modified_at=NOW)

    with pytest.raises(WrongStatus) as refusal:
        process.move_to(after, at=datetime.now(UTC))

    assert refusal.value.actual == before
    assert (process.status, process.failed_reason) == (before, "no light")
    assert (process.modified_at, process.finished_at) == (NOW, None)


def test_every_status_is_in_the_table_of_moves():
    assert set(MOVES) == set(ProcessStatus)


def test_nothing_leads_out_of_a_final_status():
    assert {status for status, onward in MOVES.items() if not onward} == FINAL
    assert all(Process(status=status).is_final == (status in FINAL) for status in ProcessStatus)


def test_every_status_that_is_not_final_can_be_aborted():
    assert all(ProcessStatus.ABORTED in MOVES[status] for status in set(ProcessStatus) - FINAL)


def test_only_a_claim_makes_a_process_run():
    into_running = {before for before, after in LEGAL if after == ProcessStatus.RUNNING}

    assert into_running == {
        ProcessStatus.CREATED,
        ProcessStatus.RESUMED,
        ProcessStatus.RUNNING,  # Its worker's lease ran out.
        ProcessStatus.AWAITING_CALLBACK,  # Past its deadline.
        ProcessStatus.WAITING,  # Due.
    }


def test_failed_and_suspended_processes_only_go_on_by_way_of_resumed():
    for status in FAILURES:
        assert MOVES[status] == {ProcessStatus.RESUMED, ProcessStatus.ABORTED}
    assert MOVES[ProcessStatus.SUSPENDED] == {
        ProcessStatus.RESUMED,
        ProcessStatus.ABORTED,
        ProcessStatus.FAILED,  # Whoever was asked said no.
    }


def test_every_parked_status_is_reached_from_running_only():
    for parked in PARKED:
        assert {before for before, after in LEGAL if after == parked} == {ProcessStatus.RUNNING}


# A status may be written by ``move_to``, by the claim's SQL, and by the checkpoint, which saves
# what ``move_to`` has made of a process in memory.
ASSIGNS_STATUS = re.compile(r"process\.status\s*=[^=]|self\.status\s*=[^=]|SET status\b")
WRITERS = {"workflows_app/models/process.py": 1, "workflows_app/queue.py": 2}


def test_only_move_to_and_the_claim_write_the_status_of_a_process():
    found = {}
    for package in ("workflows_app", "callbacks_app", "orchestrator_project"):
        for source in (ROOT / package).rglob("*.py"):
            if count := len(ASSIGNS_STATUS.findall(source.read_text())):
                found[source.relative_to(ROOT).as_posix()] = count

    assert found == WRITERS


def test_no_query_of_processes_updates_the_status_past_move_to():
    pattern = re.compile(r"Process\.objects[^\n]*(?:\n[^\n]*){0,3}?\.update\([^)]*\bstatus=")
    for package in ("workflows_app", "callbacks_app", "orchestrator_project"):
        for source in (ROOT / package).rglob("*.py"):
            assert not pattern.search(source.read_text()), source


def test_an_assignee_is_a_string_that_may_be_any_name():
    assert Assignee("Field engineers") == "Field engineers"
    assert {Assignee.SYSTEM, Assignee.NOC, Assignee.CHANGES, Assignee.KLANTSUPPORT} == {
        "SYSTEM",
        "NOC",
        "CHANGES",
        "KLANTSUPPORT",
    }
