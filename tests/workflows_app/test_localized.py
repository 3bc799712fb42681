"""What authors call things is stored as it is written, and shown in the reader's language."""

import re
from itertools import chain

import pytest
from django.utils.translation import gettext, override

from callbacks_app.steps import confirm_callback
from orchestrator_project import translations
from tests.engine import run
from tests.workflows_app.console import signed_in, text
from workflows_app import begin, inputstep, registry, step, step_group
from workflows_app.errors import ProcessFailureError
from workflows_app.forms import FormGenerator, FormPage
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import ProcessStep, Workflow
from workflows_app.subscriptions import resync, set_status, store_process_subscription, unsync
from workflows_app.subscriptions.steps import unsync_unchecked

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = {
    "An example": "Een voorbeeld",
    "Set up the port": "De poort instellen",
    "Look at it": "Ernaar kijken",
    "Inside": "Binnenin",
    "The port": "De poort",
    "Which port": "Welke poort",
    "As on the label.": "Zoals op het etiket.",
}
BUILT_IN = (
    "modify_note",
    "task_clean_up_tasks",
    "task_resume_workflows",
    "task_validate_products",
    "task_validate_subscriptions",
)
READY_MADE = (
    *map(set_status, SubscriptionLifecycle),
    store_process_subscription(),
    unsync,
    unsync_unchecked,
    resync,
    confirm_callback(),
)
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'


@step("Set up the port")
def set_up() -> None:
    """Do nothing."""


@inputstep("Look at it", "")
def look() -> FormGenerator:
    class Page(FormPage):
        """As on the label."""

        model_config = {"title": "The port"}

        which_port: str = "ge-0/0/1"

    yield Page
    return {}


@pytest.fixture
def catalogue(tmp_path, settings) -> None:
    """Let Dutch know the names of this module's workflows."""
    path = tmp_path / "nl/LC_MESSAGES/django.po"
    path.parent.mkdir(parents=True)
    path.write_text(
        HEADER + "".join(f'\nmsgid "{name}"\nmsgstr "{dutch}"\n' for name, dutch in NAMES.items())
    )
    settings.LOCALE_PATHS = [*settings.LOCALE_PATHS, tmp_path]
    translations.compile_stale()


@pytest.fixture
def dutch(db):
    client = signed_in("maria", superuser=True)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "nl"
    return client


def words(response) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", text(response)).split())


def test_the_names_of_a_workflow_are_shown_in_dutch_and_stored_as_written(catalogue, dutch):
    process = run(begin >> step_group("Inside", begin >> set_up) >> look)
    Workflow.objects.update(description="An example")

    shown = words(dutch.get(process.get_absolute_url()))

    assert [name for name in NAMES.values() if name not in shown] == []
    assert [name for name in NAMES if name in shown] == []
    names = ProcessStep.objects.order_by("position").values_list("name", flat=True)
    assert list(names) == ["Start", "Set up the port", "Look at it"]


def test_what_the_remote_side_says_is_no_name(catalogue, dutch):
    @step("Fail")
    def fail() -> None:
        raise ProcessFailureError("The port", details={"The port": "Which port"})

    shown = words(dutch.get(run(begin >> fail).get_absolute_url()))

    assert "De poort" not in shown
    assert "Welke poort" not in shown


def test_every_name_that_the_project_gives_is_translated():
    definitions = [registry.get(name) for name in BUILT_IN]
    names = {each.name for each in chain(READY_MADE, *(found.steps for found in definitions))}
    names |= {found.description for found in definitions}

    with override("nl"):
        assert [name for name in names if gettext(name) == name] == []


def test_the_admin_calls_models_fields_and_choices_what_the_reader_does(dutch):
    process = run(begin >> set_up)

    listed = words(dutch.get("/admin/workflows_app/process/"))
    shown = words(dutch.get(f"/admin/workflows_app/process/{process.pk}/change/"))

    for dutch_text in ("Selecteer proces", "Toegewezen aan", "Gestart door", "Wacht op callback"):
        assert dutch_text in listed
    assert "Volgende stap" in shown
    assert "meldingen" in words(dutch.get("/admin/")).lower()


def test_a_model_s_name_is_that_of_the_code_for_who_reads_english(db):
    client = signed_in("maria", superuser=True)

    assert "Select process to view" in words(client.get("/admin/workflows_app/process/"))
