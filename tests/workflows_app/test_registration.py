"""The registered workflows, brought in line with the code."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from workflows_app import State, Target, registration, registry, step, task, workflow
from workflows_app.errors import UnknownWorkflow
from workflows_app.models import Workflow

pytestmark = pytest.mark.django_db


@step("A")
def a() -> State:
    return {}


@pytest.fixture(autouse=True)
def code(monkeypatch: pytest.MonkeyPatch):
    """Let the code define two workflows, and the database none."""
    workflows: dict[str, object] = {}
    monkeypatch.setattr(registry, "_workflows", workflows)
    Workflow.objects.all().delete()

    @workflow("Order a port", target=Target.CREATE)
    def order_port():
        return a

    @task("Look around", target=Target.VALIDATE)
    def look():
        return a

    return workflows


def test_new_workflows_are_registered_with_what_the_code_says():
    found = registration.sync()

    assert (found.missing, found.changed, found.gone) == (["look", "order_port"], [], [])
    registered = Workflow.objects.order_by("name")
    assert list(registered.values_list("name", "target", "description", "is_task")) == [
        ("look", "VALIDATE", "Look around", True),
        ("order_port", "CREATE", "Order a port", False),
    ]
    assert not registration.difference()


def test_what_changed_is_brought_in_line():
    registration.sync()
    Workflow.objects.filter(name="look").update(description="Old", is_task=False)

    assert registration.sync().changed == ["look"]

    row = Workflow.objects.get(name="look")
    assert (row.description, row.is_task) == ("Look around", True)


def test_a_workflow_that_left_the_code_keeps_its_row_and_may_come_back(code):
    registration.sync()
    left = code.pop("look")

    assert registration.sync().gone == ["look"]
    assert Workflow.objects.get(name="look").in_code is False
    assert not registration.difference()

    code["look"] = left
    assert registration.sync().changed == ["look"]
    assert Workflow.objects.get(name="look").in_code is True


def test_a_description_longer_than_its_column_is_cut_and_stays_in_line():
    @workflow("x" * 600)
    def wordy():
        return a

    registration.sync()

    assert len(Workflow.objects.get(name="wordy").description) == 500
    assert not registration.difference()


def test_a_lazy_workflow_that_cannot_be_imported_stops_the_comparison():
    registry.LazyWorkflowInstance("no.such.module", "lazy")

    with pytest.raises(UnknownWorkflow, match="lazy"):
        registration.difference()
    with pytest.raises(CommandError, match="lazy"):
        call_command("sync_workflows", stdout=StringIO())


def test_the_command_says_what_it_did():
    out = StringIO()

    call_command("sync_workflows", stdout=out)

    assert out.getvalue().splitlines() == ["new: look", "new: order_port"]


def test_the_command_only_compares_when_it_is_asked_to():
    out = StringIO()

    with pytest.raises(CommandError, match="code and database differ"):
        call_command("sync_workflows", "--check", stdout=out)
    assert "new: look" in out.getvalue()
    assert not Workflow.objects.exists()

    registration.sync()
    call_command("sync_workflows", "--check", stdout=out)
