"""The database repeats the rules for whoever bypasses Python."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from workflows_app.models import EngineSettings, Process, ProcessEvent, ProcessStep, Workflow
from workflows_app.models.process import fold
from workflows_app.statuses import FINAL, ProcessStatus, StepStatus

pytestmark = pytest.mark.django_db

NOW = timezone.now()
DUE = {
    ProcessStatus.CREATED: True,
    ProcessStatus.RUNNING: True,
    ProcessStatus.RESUMED: True,
    ProcessStatus.WAITING: True,
    ProcessStatus.SUSPENDED: False,
    ProcessStatus.FAILED: False,
    ProcessStatus.API_UNAVAILABLE: False,
    ProcessStatus.INCONSISTENT_DATA: False,
    ProcessStatus.COMPLETED: False,
    ProcessStatus.AWAITING_CALLBACK: None,  # Due at its deadline, if it has one.
    ProcessStatus.ABORTED: None,  # Due for its clean-up, if it has one.
}


@pytest.fixture
def workflow():
    return Workflow.objects.create(name="example", target="SYSTEM")


@pytest.fixture
def process(workflow):
    return Process.objects.create(workflow=workflow, created_by="maria")


def refused(constraint):
    """Expect the database to refuse, and go on."""
    return pytest.raises(IntegrityError, match=constraint)


def put(process, **columns):
    with transaction.atomic():
        Process.objects.filter(pk=process.pk).update(**columns)


def test_an_unknown_status_is_refused(process):
    with refused("process_status_is_known"):
        put(process, status="finished")
    with refused("process_status_is_known"):
        put(process, status="")


@pytest.mark.parametrize("status", ProcessStatus)
def test_a_process_has_ended_at_a_time_if_and_only_if_its_status_is_final(process, status):
    due_at = NOW if DUE[status] else None
    final = status in FINAL

    put(process, status=status, due_at=due_at, finished_at=NOW if final else None)
    with refused("process_finished_at_iff_final"):
        put(process, status=status, due_at=due_at, finished_at=None if final else NOW)


@pytest.mark.parametrize("status", ProcessStatus)
def test_a_status_says_whether_a_worker_has_to_look_at_the_process(process, status):
    columns = {"status": status, "finished_at": NOW if status in FINAL else None}

    for due in (True, False):
        due_at = NOW + timedelta(hours=1) if due else None
        if DUE[status] in (due, None):
            put(process, due_at=due_at, **columns)
        else:
            with refused("process_due_at_fits_status"):
                put(process, due_at=due_at, **columns)


def test_two_steps_cannot_have_one_position(process):
    ProcessStep.objects.create(
        process=process, position=0, path="A", name="A", status="success", started_at=NOW
    )
    with refused("step_has_its_own_position|position"), transaction.atomic():
        ProcessStep.objects.create(
            process=process, position=0, path="B", name="B", status="success", started_at=NOW
        )


def test_a_step_s_status_is_a_known_one(process):
    for position, status in enumerate(StepStatus):
        ProcessStep.objects.create(
            process=process, position=position, path="A", name="A", status=status, started_at=NOW
        )
    with refused("step_status_is_known"), transaction.atomic():
        ProcessStep.objects.create(
            process=process, position=99, path="A", name="A", status="done", started_at=NOW
        )


def test_a_start_key_is_used_once_by_each_user(workflow):
    def create(by, key):
        with transaction.atomic():
            Process.objects.create(workflow=workflow, created_by=by, start_key=key)

    create("maria", "k")
    create("piet", "k")
    create("maria", None)
    create("maria", None)
    with refused("start_key"):
        create("maria", "k")


def test_a_workflow_s_name_is_its_own_and_its_target_is_a_known_one(workflow):
    with refused("name"), transaction.atomic():
        Workflow.objects.create(name="example", target="SYSTEM")
    with refused("workflow_target_is_known"), transaction.atomic():
        Workflow.objects.create(name="other", target="DESTROY")


def test_the_engine_has_one_row_of_settings():
    EngineSettings.objects.create()
    with refused("engine_settings_has_one_row"), transaction.atomic():
        EngineSettings.objects.create(pk=2)


def test_a_workflow_with_processes_cannot_be_deleted(process):
    with pytest.raises(ProtectedError):
        process.workflow.delete()


def test_the_action_log_outlives_its_process(process):
    event = ProcessEvent.objects.create(process=process, actor="maria", action="started")

    process.delete()

    event.refresh_from_db()
    assert event.process is None


def test_the_state_is_the_fold_of_the_patches_in_order():
    assert fold([]) == {}
    assert fold([{"a": 1}, {}, {"b": {"c": 1}}, {"a": 2}, {"b": {}}]) == {"a": 2, "b": {}}


def test_ids_are_not_guessable_and_names_are_readable(process):
    assert process.pk.version == 4
    assert str(process.workflow) == "example"
    assert str(process.pk) in str(process)
    assert str(EngineSettings(global_lock=True)) == "paused"
