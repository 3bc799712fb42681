"""The data migrations of the example apps: there, back, and there again."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from tests.examples.subscriptions import site as sites
from workflows_app.errors import StillInUse
from workflows_app.models import FixedInput, Product, ProductBlock, Workflow
from workflows_app.registration import difference, sync

WORKFLOWS = {
    "User internal": {"create_user", "modify_user", "terminate_user"},
    "User external": {"create_user", "modify_user", "terminate_user"},
    "User Group": {"create_user_group", "modify_user_group", "terminate_user_group"},
    "Node": {
        "create_node_enrollment",
        "validate_node_enrollment",
        "modify_node_enrollment",
        "terminate_node_enrollment",
    },
    "L2VPN": {"create_l2vpn", "modify_l2vpn", "terminate_l2vpn"},
}


def migrate(name: str | None) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([(app, name) for app in sites.APPS])


@pytest.fixture
def migrated(apps, transactional_db):
    """Migrate the apps, and forget afterwards that they were."""
    migrate(sites.MIGRATIONS[-1])
    yield
    for app, name in MigrationRecorder(connection).applied_migrations():
        if app in sites.APPS:
            MigrationRecorder(connection).record_unapplied(app, name)


def catalog() -> dict[str, set[str]]:
    return {
        row.name: set(row.workflows.values_list("name", flat=True)) - {"modify_note"}
        for row in Product.objects.all()
    }


def test_the_migrations_go_there_and_back_and_there_again(migrated):
    assert catalog() == WORKFLOWS
    assert dict(FixedInput.objects.values_list("product__name", "value")) == {
        "User internal": "internal",
        "User external": "external",
    }
    user = ProductBlock.objects.get(name="UserBlock")
    assert [block.name for block in user.depends_on.all()] == ["UserGroupBlock"]

    migrate("0001_products")
    assert catalog() == {name: set() for name in WORKFLOWS}
    migrate(None)
    assert not Product.objects.exists()
    assert not ProductBlock.objects.exists()
    assert set(Workflow.objects.values_list("name", flat=True)) == {"modify_note"}

    migrate(sites.MIGRATIONS[-1])
    assert catalog() == WORKFLOWS


def test_the_rows_that_they_make_are_what_the_code_says(migrated):
    found = difference()

    assert not found.changed
    assert not found.gone
    assert set(found.missing) & {name for names in WORKFLOWS.values() for name in names} == set()


def test_every_product_has_the_workflow_for_notes_on_a_new_site(migrated):
    sync()

    assert not Product.objects.exclude(workflows__name="modify_note").exists()


def test_products_with_subscriptions_are_not_migrated_away(migrated):
    site = sites.Site()
    sync()
    site.create("create_user_group", "User Group", group_name="NOC")

    with pytest.raises(StillInUse, match="User Group"):
        migrate(None)

    assert Product.objects.filter(name="User Group").exists()
