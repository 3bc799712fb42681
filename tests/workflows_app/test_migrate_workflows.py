"""Workflows in code become workflows in the database: by menu, or by themselves."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from tests.workflows_app.temporary_app import TemporaryApp
from workflows_app import Target, begin, migrations, registration, registry, workflow
from workflows_app.models import Process, Product, Workflow
from workflows_app.writing.workflows import proposed_type

pytestmark = pytest.mark.django_db(transaction=True)

SIX = [
    f"{verb}_{what}"
    for verb in ("create", "modify", "terminate")
    for what in ("user", "user_group")
]
WORKFLOW = '''
from workflows_app import Target, begin, step, workflow


@step("Work")
def work():
    """Do it."""


@workflow("{description}", target=Target.{target}{options})
def {name}():
    return begin >> work
'''


BY_HAND = '''"""Add it: \\"now\\"."""

from django.db import migrations

from workflows_app.migration_helpers import create_workflow, delete_workflow


def forwards(apps, schema_editor):
    create_workflow(
        apps,
        {
            "name": "create_user_group",
            "target": "CREATE",
            "description": "Create user group",
            "product_type": "UserGroup",
        },
    )


def backwards(apps, schema_editor):
    delete_workflow(apps, "create_user_group")


class Migration(migrations.Migration):
    dependencies = [("workflows_app", "{newest}")]

    operations = [migrations.RunPython(forwards, backwards)]
'''


class People(TemporaryApp):
    """An app with the workflows of users and groups of users."""

    def define(self, name: str, *, description: str = "", target: str = "", options: str = ""):
        kind = target or name.split("_")[0].upper()
        text = WORKFLOW.format(
            name=name,
            description=description or name.replace("_", " ").capitalize(),
            target=kind,
            options=options,
        )
        self.write(f"workflows/{name}.py", text)
        init = self.path / "workflows/__init__.py"
        known = (
            init.read_text()
            if init.exists()
            else ("from workflows_app import LazyWorkflowInstance\n")
        )
        line = f'LazyWorkflowInstance("{self.name}.workflows.{name}", "{name}")\n'
        self.write("workflows/__init__.py", known + line)


@pytest.fixture
def people(tmp_path, monkeypatch, settings):
    monkeypatch.setattr(registry, "_workflows", {})
    Workflow.objects.all().delete()
    Product.objects.all().delete()
    app = People(tmp_path, "people", monkeypatch, settings)
    yield app
    app.remove()


@pytest.fixture
def products():
    for name, kind in (("Group", "UserGroup"), ("Internal", "User"), ("External", "User")):
        Product.objects.create(name=name, product_type=kind)


@pytest.fixture
def six(people, products):
    for name in SIX:
        people.define(name)
    return people.install()


@pytest.fixture
def typed(monkeypatch):
    """Return a function that answers the questions to come; they are recorded."""
    asked: list[str] = []

    def answer(*answers: str) -> list[str]:
        left = list(answers)

        def typed_in(prompt: str) -> str:
            asked.append(prompt)
            if not left:
                raise EOFError
            return left.pop(0)

        monkeypatch.setattr("builtins.input", typed_in)
        return asked

    return answer


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("migrate_workflows", *arguments, stdout=out)
    return out.getvalue()


def attachments() -> dict[str, list[str]]:
    return {
        row.name: sorted(row.products.values_list("name", flat=True))
        for row in Workflow.objects.order_by("name")
    }


def test_the_menu_registers_the_six_workflows_of_users_and_groups(six, typed):
    typed("w", "y")

    printed = command("add User and UserGroup workflows")

    assert "1 [x] add       create_user  CREATE  for User" in printed
    assert six.migrations() == ["0001_add_user_and_usergroup_workflows"]
    for _ in range(2):
        six.migrate()
        assert attachments() == {
            name: ["Group"] if name.endswith("group") else ["External", "Internal"]
            for name in sorted(SIX)
        }
        assert not registration.difference()
        six.migrate(None)
        assert not Workflow.objects.exists()


def test_a_written_migration_reads_like_one_written_by_hand(people, products):
    people.define("create_user_group", description="Create user group")
    people.install()

    command('add it: "now"', "--noinput")

    newest = max(Path(migrations.__path__[0]).glob("0*.py")).stem
    assert people.text() == BY_HAND.replace("{newest}", newest)


@pytest.mark.parametrize(
    ("answers", "registered"),
    [
        (["1", "-", "n", "w", "y"], {"modify_user": ["External", "Internal"]}),
        (["1", "1,2", "y", "w", "y"], {
            "create_user": ["External", "Group", "Internal"],
            "modify_user": ["External", "Internal"],
        }),
        (["1", "-", "", "2", "7", "x", "2", "y", "w", "yes"], {
            "create_user": [], "modify_user": ["Group"],
        }),
        (["0", "3", "nonsense", "1", "", "", "w", "y"], {
            "create_user": ["External", "Internal"], "modify_user": ["External", "Internal"],
        }),
    ],
    ids=["leave one out", "two types", "no type, and another", "mistyped"],
)  # fmt: skip
def test_the_menu_changes_what_is_done_with_each_workflow(
    people, products, typed, answers, registered
):
    people.define("create_user")
    people.define("modify_user")
    people.install()
    typed(*answers)

    command("users")

    people.migrate()
    assert attachments() == registered


@pytest.mark.parametrize("answers", [["q"], ["w", "n"], ["w", ""], ["1", "-", "n", "w"]])
def test_nothing_is_written_unless_it_is_wanted(people, products, typed, answers):
    people.define("create_user")
    people.install()
    typed(*answers)

    printed = command("users")

    assert not (people.path / "migrations").exists()
    assert "othing" in printed


def test_nothing_is_written_if_nobody_answers(six, typed):
    typed("w")

    with pytest.raises(CommandError, match="nobody answered"):
        command("users")

    assert not (six.path / "migrations").exists()


def test_a_dry_run_prints_and_writes_nothing(six, typed):
    asked = typed()

    printed = command("users", "--dry-run", "--noinput")

    assert "people: migrations/0001_users.py" in printed
    assert "create_workflow(" in printed
    assert not asked
    assert not (six.path / "migrations").exists()


def test_check_fails_while_there_is_a_difference_and_lists_it(six):
    with pytest.raises(CommandError, match="code and database differ"):
        command("--check")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("migrate_workflows", "--check", stdout=out)
    assert [line.split()[:2] for line in out.getvalue().splitlines()] == [
        ["add", name] for name in sorted(SIX)
    ]
    assert not (six.path / "migrations").exists()

    command("users", "--noinput")
    six.migrate()

    assert command("--check") == ""
    assert "nothing to write" in command("again", "--noinput")


def test_rows_that_sync_made_are_attached_also_where_it_never_ran(six):
    registration.sync()
    with pytest.raises(CommandError):
        command("--check")

    command("users", "--noinput")
    six.migrate()
    assert attachments()["modify_user"] == ["External", "Internal"]
    six.migrate(None)

    assert attachments()["modify_user"] == []
    Workflow.objects.all().delete()
    six.migrate()
    assert attachments()["modify_user"] == ["External", "Internal"]


def test_a_workflow_with_another_target_is_retargeted_and_back(people, products):
    people.define("modify_user", target="MODIFY", options=", is_task=False")
    people.install()
    row = Workflow.objects.create(
        name="modify_user", target="VALIDATE", description="Old", is_task=True
    )
    row.products.set(Product.objects.filter(product_type="User"))

    def stored():
        row.refresh_from_db()
        return (row.target, row.description, row.is_task, attachments()["modify_user"])

    before, after = (
        ("VALIDATE", "Old", True, ["External", "Internal"]),
        ("MODIFY", "Modify user", False, ["External", "Internal"]),
    )
    with pytest.raises(CommandError):
        command("--check")
    command("retarget", "--noinput")
    for _ in range(2):
        people.migrate()
        assert stored() == after
        people.migrate(None)
        assert stored() == before


def test_a_workflow_that_left_the_code_is_removed_and_back(people, products):
    people.install()
    row = Workflow.objects.create(
        name="old_one", target="VALIDATE", description="Old", is_task=True, in_code=False
    )
    row.products.add(Product.objects.get(name="Internal"))

    with pytest.raises(CommandError, match="no installed app owns"):
        command("remove it", "--noinput")
    command("remove it", "--noinput", "--app", "people")
    for _ in range(2):
        people.migrate()
        assert attachments() == {}
        people.migrate(None)
        assert attachments() == {"old_one": ["Internal"]}
        back = Workflow.objects.get()
        assert (back.target, back.description, back.is_task) == ("VALIDATE", "Old", True)


def test_the_app_whose_migrations_mention_a_workflow_removes_it(people, products):
    people.define("create_user")
    people.install()
    command("add it", "--noinput")
    people.migrate()
    registry._workflows.clear()

    command("remove it", "--noinput")

    assert people.migrations() == ["0001_add_it", "0002_remove_it"]
    assert '("people", "0001_add_it"), ("workflows_app"' in people.text()
    people.migrate()
    assert not Workflow.objects.exists()


def test_a_row_kept_for_its_processes_is_no_difference(people):
    people.install()
    row = Workflow.objects.create(name="old_one", target="CREATE", in_code=False)
    Process.objects.create(workflow=row, definition=[], created_by="piet")

    assert command("--check") == ""


def test_a_row_that_nothing_needs_any_more_is_removed(people):
    people.install()
    Workflow.objects.create(name="old_one", target="CREATE", in_code=False)

    command("tidy up", "--noinput", "--app", "people")
    people.migrate()

    assert not Workflow.objects.exists()


def test_an_app_whose_migrations_have_branches_has_to_merge_them_first(six):
    command("users", "--noinput")
    branch = six.text()
    six.write("migrations/0001_other.py", branch)
    six.migrate("0001_users")
    six.migrate("0001_other")
    registry._workflows.clear()

    with pytest.raises(CommandError, match="makemigrations --merge"):
        command("fewer", "--noinput")


def test_all_workflows_can_be_listed_and_attached_to_other_types(six, typed):
    command("users", "--noinput")
    six.migrate()
    typed("a", "1", "1,2", "y", "3", "-", "y", "w", "y")

    command("more types")
    for _ in range(2):
        six.migrate()
        assert attachments()["create_user"] == ["External", "Group", "Internal"]
        assert attachments()["modify_user"] == []
        six.migrate("0001_users")
        assert attachments()["create_user"] == ["External", "Internal"]
        assert attachments()["modify_user"] == ["External", "Internal"]


def test_the_engine_s_own_workflows_are_attached_by_an_app_and_are_no_difference(
    people, products, typed
):
    people.define("create_user")
    people.install()

    @workflow("Change the note", target=Target.MODIFY)
    def modify_note():
        return begin

    defined = registry.get("modify_note")
    registry._workflows["modify_note"] = replace(defined, module="workflows_app.stock")
    typed("w", "y", "a", "2", "1,2", "y", "w", "y")

    printed = command("users")
    people.migrate()
    assert "modify_note" not in printed
    assert command("--check") == ""
    command("notes", "--app", "people")
    for _ in range(2):
        people.migrate()
        assert attachments()["modify_note"] == ["External", "Group", "Internal"]
        people.migrate("0001_users")
        assert attachments()["modify_note"] == []


def test_a_workflow_of_some_products_of_a_type_may_get_the_others_and_lose_them_again(
    people, products, typed
):
    people.define("create_user")
    people.install()
    registration.sync()
    Workflow.objects.get().products.add(Product.objects.get(name="Internal"))
    assert command("--check") == ""
    typed("a", "1", "1", "y", "w", "y")

    command("all of them")
    people.migrate()
    assert attachments() == {"create_user": ["External", "Internal"]}
    people.migrate(None)

    assert attachments() == {"create_user": ["Internal"]}


def test_what_cannot_be_started_on_anything_is_said(people, products):
    people.define("create_node")
    people.define("task_clean_up", target="SYSTEM")
    people.install()

    printed = command("nodes", "--noinput")

    assert "create_node is attached to no product" in printed
    assert "task_clean_up is" not in printed


def test_a_database_behind_its_migrations_is_not_compared(six):
    command("users", "--noinput")

    with pytest.raises(CommandError, match=r"lacks the migration people\.0001_users"):
        command("users", "--noinput")


def test_a_lazy_workflow_that_cannot_be_imported_is_named(people):
    people.install()
    registry.LazyWorkflowInstance("people.nothing", "lost")

    with pytest.raises(CommandError, match="lost"):
        command("--check")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--noinput"], "what the migration is for"),
        (["…", "--noinput"], "no letters"),
        (["users", "--noinput", "--app", "nobody"], "no installed app has the label 'nobody'"),
    ],
)
def test_a_migration_without_name_or_place_is_refused(six, arguments, why):
    with pytest.raises(CommandError, match=why):
        command(*arguments)


def test_an_app_that_has_models_but_no_migrations_is_refused(six, tmp_path, monkeypatch, settings):
    other = TemporaryApp(tmp_path, "modelled", monkeypatch, settings)
    other.write(
        "models.py",
        """
        from django.db import models


        class Person(models.Model):
            name = models.CharField(max_length=9)
        """,
    )
    other.install()
    try:
        with pytest.raises(CommandError, match="run makemigrations first"):
            command("users", "--noinput", "--app", "modelled")
    finally:
        apps.all_models.pop("modelled")
        other.remove()


def test_migrations_that_are_switched_off_are_refused(six, settings):
    settings.MIGRATION_MODULES = {"people": None}

    with pytest.raises(CommandError, match="has no migrations"):
        command("users", "--noinput")


@pytest.mark.parametrize(
    ("name", "types", "proposed"),
    [
        ("create_user_group", ["User", "UserGroup"], "UserGroup"),
        ("create_user", ["User", "UserGroup"], "User"),
        ("create_user_group", ["Group", "UserGroup"], ""),
        ("create_superuser", ["User"], ""),
        ("modify_l2vpn", ["L2VPN"], "L2VPN"),
        ("validate_ip_prefix", ["IP Prefix"], "IP Prefix"),
        ("validate_ip_prefix", ["IPPrefix"], "IPPrefix"),
        ("create_user", [], ""),
        ("create_", ["…"], ""),
    ],
)
def test_a_product_type_is_proposed_only_if_it_is_the_only_one_that_fits(name, types, proposed):
    assert proposed_type(name, types) == proposed
