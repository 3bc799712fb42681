"""What hand-written data migrations call: forward, backward, forward."""

import logging
from uuid import UUID

import pytest
from django.apps import apps as current_apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import F

from tests.workflows_app.temporary_app import TemporaryApp
from workflows_app import Target, migration_helpers as helpers
from workflows_app.errors import CatalogError, NotInCatalog, StillInUse
from workflows_app.models import (
    FixedInput,
    Process,
    Product,
    ProductBlock,
    Subscription,
    SubscriptionInstance,
    Workflow,
)

# As the document "Workflows" has it, in one migration for all six.
SIX = """
from django.db import migrations

from workflows_app import Target
from workflows_app.migration_helpers import create_products, create_workflow, delete_product
from workflows_app.migration_helpers import delete_workflow

new_workflows = [
    {
        "name": "create_user_group",
        "target": Target.CREATE,
        "description": "Create user group",
        "product_type": "UserGroup",
    },
    {
        "name": "modify_user_group",
        "target": Target.MODIFY,
        "description": "Modify user group",
        "product_type": "UserGroup",
    },
    {
        "name": "terminate_user_group",
        "target": Target.TERMINATE,
        "description": "Terminate user group",
        "product_type": "UserGroup",
    },
    {
        "name": "create_user",
        "target": Target.CREATE,
        "description": "Create user",
        "product_type": "User",
    },
    {
        "name": "modify_user",
        "target": Target.MODIFY,
        "description": "Modify user",
        "product_type": "User",
    },
    {
        "name": "terminate_user",
        "target": Target.TERMINATE,
        "description": "Terminate user",
        "product_type": "User",
    },
]


def upgrade(apps, schema_editor):
    create_products(
        apps,
        {
            "User Group": {"product_type": "UserGroup", "tag": "GROUP"},
            "User internal": {"product_type": "User", "tag": "USER"},
            "User external": {"product_type": "User", "tag": "USER"},
        },
    )
    for workflow in new_workflows:
        create_workflow(apps, workflow)


def downgrade(apps, schema_editor):
    for workflow in new_workflows:
        delete_workflow(apps, workflow["name"])
    for product in ("User Group", "User internal", "User external"):
        delete_product(apps, product)


class Migration(migrations.Migration):
    dependencies = [("workflows_app", "0004_products_and_subscriptions")]
    operations = [migrations.RunPython(upgrade, downgrade)]
"""


@pytest.fixture
def apps(db):
    """Return the models as a migration sees them, and no product in the database."""
    Workflow.objects.all().delete()
    Product.objects.all().delete()
    loader = MigrationLoader(connection)
    return loader.project_state(("workflows_app", "0004_products_and_subscriptions")).apps


@pytest.fixture
def users(apps):
    helpers.create_products(
        apps,
        {
            "User internal": {"product_type": "User", "tag": "USER"},
            "User external": {"product_type": "User", "tag": "USER"},
            "Group": {"product_type": "UserGroup", "tag": "GROUP"},
        },
    )


@pytest.fixture
def subscription(apps, users):
    """Return a subscription of an internal user, with one block."""
    helpers.create_product_blocks(apps, {"UserBlock": {"fields": ["name", "age"]}})
    row = Subscription.objects.create(
        product=Product.objects.get(name="User internal"), customer_id="c", description="d"
    )
    SubscriptionInstance.objects.create(
        subscription=row,
        product_block=ProductBlock.objects.get(name="UserBlock"),
        values={"name": "piet", "age": 40},
    )
    return row


def values(subscription) -> dict[str, object]:
    stored: dict[str, object] = subscription.instances.get().values
    return stored


def attached(name: str) -> list[str]:
    return sorted(Product.objects.filter(workflows__name=name).values_list("name", flat=True))


def new_process(name: str) -> Process:
    return Process.objects.create(
        workflow=Workflow.objects.get(name=name), definition=[], created_by="piet"
    )


@pytest.mark.django_db(transaction=True)
def test_the_six_workflows_of_the_document_go_forward_backward_and_forward(
    tmp_path, monkeypatch, settings
):
    app = TemporaryApp(tmp_path, "documented_users", monkeypatch, settings)
    app.write("migrations/__init__.py", "")
    app.write("migrations/0001_add_user_and_usergroup_workflows.py", SIX)
    app.install()
    try:
        for _ in range(2):
            app.migrate()
            assert attached("create_user_group") == ["User Group"]
            assert attached("terminate_user") == ["User external", "User internal"]
            assert list(
                Workflow.objects.filter(name__contains="user")
                .order_by("name")
                .values_list("name", "target", "description", "is_task")
            ) == [
                ("create_user", "CREATE", "Create user", False),
                ("create_user_group", "CREATE", "Create user group", False),
                ("modify_user", "MODIFY", "Modify user", False),
                ("modify_user_group", "MODIFY", "Modify user group", False),
                ("terminate_user", "TERMINATE", "Terminate user", False),
                ("terminate_user_group", "TERMINATE", "Terminate user group", False),
            ]
            app.migrate(None)
            assert not Workflow.objects.filter(name__contains="user").exists()
            assert not Product.objects.filter(name__startswith="User").exists()
    finally:
        app.remove()


def test_a_validate_workflow_is_registered_as_the_task_that_it_is(apps, users):
    helpers.create_workflow(
        apps,
        {
            "name": "validate_user",
            "target": Target.VALIDATE,
            "description": "Validate a user",
            "product_type": "User",
            "is_task": True,
        },
    )

    row = Workflow.objects.get(name="validate_user")
    assert (row.target, row.is_task, len(attached("validate_user"))) == ("VALIDATE", True, 2)


def test_a_workflow_that_is_there_is_brought_in_line_and_attached(apps, users):
    helpers.create_workflow(apps, {"name": "w", "target": "CREATE", "description": "Old"})
    Workflow.objects.update(in_code=False)

    helpers.create_workflow(apps, {"name": "w", "target": "MODIFY", "product_type": "User"})

    row = Workflow.objects.get(name="w")
    assert (row.target, row.description, row.in_code) == ("MODIFY", "Old", True)
    assert attached("w") == ["User external", "User internal"]


def test_a_description_longer_than_its_column_is_cut(apps):
    helpers.create_workflow(apps, {"name": "w", "target": "CREATE", "description": "x" * 600})

    assert len(Workflow.objects.get(name="w").description) == 500


def test_a_task_needs_neither_a_product_type_nor_a_target(apps):
    helpers.create_task(apps, {"name": "task_clean_up", "description": "Clean up"})

    row = Workflow.objects.get(name="task_clean_up")
    assert (row.target, row.is_task, attached(row.name)) == ("SYSTEM", True, [])


def test_several_workflows_are_listed_or_named(apps):
    helpers.create_workflows(apps, [{"name": "a", "target": "CREATE"}])
    helpers.create_workflows(apps, {"b": {"target": "MODIFY"}})

    assert set(Workflow.objects.values_list("name", flat=True)) == {"a", "b"}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": "w"}, "a target, one of CREATE"),
        ({"target": "CREATE"}, "has a name"),
        ({"name": "w", "target": "create"}, "a target, one of CREATE"),
        ({"name": "w", "target": "CREATE", "product": "User"}, "described with product"),
    ],
)
def test_a_workflow_that_is_described_wrongly_is_refused(apps, given, why):
    with pytest.raises(CatalogError, match=why):
        helpers.create_workflow(apps, given)

    assert not Workflow.objects.exists()


def test_a_product_type_without_products_is_logged(apps, caplog):
    with caplog.at_level(logging.WARNING):
        helpers.create_workflow(
            apps, {"name": "w", "target": "CREATE", "product_type": "NoSuchType"}
        )

    assert caplog.records[-1].product_type == "NoSuchType"
    assert Workflow.objects.filter(name="w").exists()


def test_a_workflow_with_processes_keeps_its_row_for_them(apps, users):
    workflow = {"name": "w", "target": "CREATE", "product_type": "User"}
    helpers.create_workflow(apps, workflow)
    process = new_process("w")

    helpers.delete_workflow(apps, "w")
    helpers.delete_workflow(apps, "w")

    row = Workflow.objects.get(name="w")
    assert (row.in_code, attached("w")) == (False, [])
    helpers.create_workflow(apps, workflow)
    row.refresh_from_db()
    assert (row.in_code, len(attached("w"))) == (True, 2)
    process.delete()
    helpers.delete_workflow(apps, "w")
    helpers.delete_workflow(apps, "w")
    assert not Workflow.objects.exists()


def test_a_workflow_is_attached_by_type_by_name_and_by_tag(apps, users):
    helpers.create_workflow(apps, {"name": "w", "target": "CREATE"})

    helpers.attach_workflow(apps, "w", "User")
    assert attached("w") == ["User external", "User internal"]
    helpers.detach_workflow(apps, "w", products=["User external"])
    assert attached("w") == ["User internal"]
    helpers.detach_workflow(apps, "w", "User")
    assert attached("w") == []
    helpers.attach_workflow(apps, "w", products=["Group"])
    assert attached("w") == ["Group"]
    helpers.remove_products_from_workflow_by_product_tag(apps, "w", "GROUP")
    assert attached("w") == []
    helpers.add_products_to_workflow_by_product_tag(apps, "w", "USER", "User%nal")
    assert attached("w") == ["User external", "User internal"]
    helpers.remove_products_from_workflow_by_product_tag(apps, "w", "USER", "User in%")
    assert attached("w") == ["User external"]


def test_what_is_not_there_cannot_be_attached_but_may_be_detached(apps, users):
    with pytest.raises(NotInCatalog, match="no workflow 'w'"):
        helpers.attach_workflow(apps, "w", "User")
    helpers.create_workflow(apps, {"name": "w", "target": "CREATE"})
    with pytest.raises(NotInCatalog, match="no product 'Nothing'"):
        helpers.attach_workflow(apps, "w", products=["Nothing"])

    helpers.detach_workflow(apps, "no_such_workflow", "User")
    helpers.detach_workflow(apps, "w", products=["Nothing"])


def test_the_default_workflows_are_attached_to_products_still_in_their_life(apps, users, settings):
    settings.ORCHESTRATOR = {"DEFAULT_PRODUCT_WORKFLOWS": ["w", "not_registered"]}
    helpers.create_workflow(apps, {"name": "w", "target": "MODIFY"})
    Product.objects.filter(name="Group").update(status="end of life")

    helpers.ensure_default_workflows(apps)
    helpers.ensure_default_workflows(apps)

    assert attached("w") == ["User external", "User internal"]


def test_a_product_is_created_with_all_that_it_has(apps):
    helpers.create_product_blocks(apps, {"Leaf": {}})
    helpers.create_workflow(apps, {"name": "w", "target": "CREATE"})
    identity = "3a0e0d9e-9c1a-4b8a-8f3a-6e8a0d1d5a11"
    product = {
        "product_id": identity,
        "product_type": "Line",
        "description": "A line",
        "tag": "L",
        "status": "pre production",
        "product_blocks": ["Leaf"],
        "fixed_inputs": {"speed": 1000, "target": Target.CREATE},
        "workflows": ["w"],
    }

    ids = helpers.create_products(apps, {"Line 1G": product})
    assert helpers.create_products(apps, {"Line 1G": product}) == ids  # Once more is no error.

    row = Product.objects.get()
    assert ids == {"Line 1G": UUID(identity)} == {row.name: row.pk}
    assert (row.product_type, row.description, row.tag, row.status) == (
        ("Line", "A line", "L", "pre production")
    )
    assert [block.name for block in row.product_blocks.all()] == ["Leaf"]
    assert attached("w") == ["Line 1G"]
    assert dict(row.fixed_inputs.values_list("name", "value")) == (
        {"speed": "1000", "target": "CREATE"}
    )
    helpers.delete_product(apps, "Line 1G")
    helpers.delete_product(apps, "Line 1G")
    assert not Product.objects.exists()
    assert not FixedInput.objects.exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "no product_type"),
        ({"product_type": "T", "status": "dead"}, "known are active"),
        ({"product_type": "T", "blocks": []}, "described with blocks"),
        ({"product_type": "T", "product_blocks": ["Nothing"]}, "no product block 'Nothing'"),
        ({"product_type": "T", "workflows": ["nothing"]}, "no workflow 'nothing'"),
    ],
)
def test_a_product_that_is_described_wrongly_is_refused(apps, given, why):
    with pytest.raises(CatalogError, match=why):
        helpers.create_products(apps, {"P": given})


def test_a_product_with_subscriptions_is_not_deleted(apps, subscription):
    with pytest.raises(StillInUse, match="as 1 subscription uses it: set its"):
        helpers.delete_product(apps, "User internal")
    with pytest.raises(StillInUse):
        helpers.delete_products_by_tag(apps, "USER")

    Subscription.objects.all().delete()
    helpers.delete_products_by_tag(apps, "USER")
    assert [row.name for row in Product.objects.all()] == ["Group"]


def test_a_product_block_with_instances_is_not_deleted(apps, subscription):
    with pytest.raises(StillInUse, match="'UserBlock' cannot be deleted"):
        helpers.delete_product_block(apps, "UserBlock")

    Subscription.objects.all().delete()
    helpers.delete_product_block(apps, "UserBlock")
    helpers.delete_product_block(apps, "UserBlock")
    assert not ProductBlock.objects.exists()


@pytest.mark.parametrize(
    ("rename", "kind"),
    [(helpers.rename_product, Product), (helpers.rename_product_block, ProductBlock)],
)
def test_products_and_blocks_are_renamed_and_back(apps, rename, kind):
    helpers.create_products(apps, {"Old": {"product_type": "T"}})
    helpers.create_product_blocks(apps, {"Old": {}})

    rename(apps, "Old", "New")
    rename(apps, "Old", "New")
    assert kind.objects.get().name == "New"
    rename(apps, "New", "Old")

    assert kind.objects.get().name == "Old"
    with pytest.raises(NotInCatalog):
        rename(apps, "Nothing", "New")
    helpers.create_products(apps, {"New": {"product_type": "T"}})
    helpers.create_product_blocks(apps, {"New": {}})
    with pytest.raises(CatalogError, match="beside 'Old'"):
        rename(apps, "Old", "New")


def test_fixed_inputs_are_made_changed_renamed_and_deleted(apps, users):
    def stored():
        return dict(FixedInput.objects.values_list("name", "value"))

    helpers.create_fixed_inputs(apps, "Group", {"size": 5})
    helpers.create_fixed_inputs(apps, "Group", {"size": 6})
    assert stored() == {"size": "6"}
    helpers.rename_fixed_input(apps, "Group", "size", "seats")
    helpers.rename_fixed_input(apps, "Group", "size", "seats")
    assert stored() == {"seats": "6"}
    with pytest.raises(NotInCatalog, match="fixed input 'nothing' of the product 'Group'"):
        helpers.rename_fixed_input(apps, "Group", "nothing", "something")
    helpers.create_fixed_inputs(apps, "Group", {"size": 7})
    with pytest.raises(CatalogError, match="'size' and 'seats'"):
        helpers.rename_fixed_input(apps, "Group", "size", "seats")
    helpers.delete_fixed_inputs(apps, "Group", ["size", "seats", "nothing"])
    assert stored() == {}


def test_blocks_may_be_parts_of_each_other_in_any_order(apps, users):
    helpers.create_product_blocks(
        apps,
        {
            "Tree": {"depends_on": ["Leaf"], "description": "A tree", "tag": "T"},
            "Leaf": {"fields": ["width", "length", "width"]},
        },
    )

    tree, leaf = ProductBlock.objects.get(name="Tree"), ProductBlock.objects.get(name="Leaf")
    assert list(tree.depends_on.all()) == [leaf]
    assert (tree.description, tree.tag, leaf.fields) == ("A tree", "T", ["length", "width"])
    helpers.remove_block_relations(apps, "Tree", ["Leaf", "Nothing"])
    assert not tree.depends_on.exists()
    helpers.add_blocks_to_product(apps, "Group", ["Tree", "Leaf"])
    helpers.remove_blocks_from_product(apps, "Group", ["Tree", "Nothing"])
    assert list(Product.objects.get(name="Group").product_blocks.all()) == [leaf]
    with pytest.raises(CatalogError, match="described with resource_types"):
        helpers.create_product_blocks(apps, {"Leaf": {"resource_types": {}}})
    with pytest.raises(NotInCatalog, match="no product block 'Nothing'"):
        helpers.create_product_blocks(apps, {"Leaf": {"depends_on": ["Nothing"]}})


def test_a_new_field_reaches_the_instances_that_lack_it(apps, subscription):
    helpers.add_block_field(apps, "UserBlock", "city", "Utrecht")
    helpers.add_block_field(apps, "UserBlock", "city", "Delft")

    assert values(subscription) == {"name": "piet", "age": 40, "city": "Utrecht"}
    assert ProductBlock.objects.get().fields == ["age", "city", "name"]
    subscription.refresh_from_db()
    assert subscription.version == 2

    helpers.remove_block_field(apps, "UserBlock", "city")
    helpers.remove_block_field(apps, "UserBlock", "city")
    assert values(subscription) == {"name": "piet", "age": 40}
    assert ProductBlock.objects.get().fields == ["age", "name"]


def test_a_new_field_without_a_default_leaves_instances_alone(apps, subscription):
    helpers.add_block_field(apps, "UserBlock", "city")

    subscription.refresh_from_db()
    assert (values(subscription), subscription.version) == ({"name": "piet", "age": 40}, 1)


def test_a_default_may_be_none(apps, subscription):
    helpers.add_block_field(apps, "UserBlock", "city", None)

    assert values(subscription) == {"name": "piet", "age": 40, "city": None}


def test_a_field_is_renamed_in_its_instances_and_back(apps, subscription):
    helpers.rename_block_field(apps, "UserBlock", "name", "username")
    helpers.rename_block_field(apps, "UserBlock", "name", "username")

    assert values(subscription) == {"username": "piet", "age": 40}
    assert ProductBlock.objects.get().fields == ["age", "username"]
    helpers.rename_block_field(apps, "UserBlock", "username", "name")
    assert values(subscription) == {"name": "piet", "age": 40}
    with pytest.raises(NotInCatalog, match="field 'nothing' of the product block 'UserBlock'"):
        helpers.rename_block_field(apps, "UserBlock", "nothing", "something")
    with pytest.raises(CatalogError, match="'name' and 'age'"):
        helpers.rename_block_field(apps, "UserBlock", "name", "age")


def test_more_instances_than_are_changed_at_once_are_all_changed(apps, subscription, monkeypatch):
    monkeypatch.setattr("workflows_app.migration_helpers.fields._CHUNK", 2)
    block = ProductBlock.objects.get()
    SubscriptionInstance.objects.bulk_create(
        SubscriptionInstance(subscription=subscription, product_block=block) for _ in range(4)
    )

    helpers.add_block_field(apps, "UserBlock", "city", "Utrecht")

    assert SubscriptionInstance.objects.filter(values__city="Utrecht").count() == 5


def test_what_was_read_before_a_migration_cannot_be_written_after_it(apps, subscription):
    read = subscription.version

    helpers.remove_block_field(apps, "UserBlock", "age")

    written = Subscription.objects.filter(pk=subscription.pk, version=read)
    assert not written.update(version=F("version") + 1)


def test_a_migration_that_does_not_depend_on_the_tables_is_told_so():
    early = MigrationLoader(None)
    apps = early.project_state(("workflows_app", "0001_initial")).apps

    with pytest.raises(CatalogError, match="does not see the model Product"):
        helpers.create_products(apps, {"P": {"product_type": "T"}})


def test_the_helpers_take_the_current_models_too(users):
    helpers.create_task(current_apps, {"name": "t"})

    assert Workflow.objects.filter(name="t").exists()
