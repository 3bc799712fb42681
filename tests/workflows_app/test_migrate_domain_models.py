"""What the models say becomes what the catalog holds, and what subscriptions have follows."""

import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.workflows_app.temporary_app import TemporaryApp
from workflows_app.domain import (
    SUBSCRIPTION_MODEL_REGISTRY,
    ProductBlockModel,
    SubscriptionLifecycle,
    SubscriptionModel,
)
from workflows_app.errors import CatalogError
from workflows_app.management.migration_commands import _files
from workflows_app.models import (
    Process,
    Product,
    ProductBlock,
    Subscription,
    SubscriptionInstance,
    Workflow,
)
from workflows_app.writing.calls import Change
from workflows_app.writing.models import Modelled

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = """
from enum import StrEnum

from workflows_app.domain import (
    SUBSCRIPTION_MODEL_REGISTRY,
    ProductBlockModel,
    SubscriptionLifecycle,
    SubscriptionModel,
)

ACTIVE = SubscriptionLifecycle.ACTIVE


class Affiliation(StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"
"""
FIRST = '''
class GroupBlock(ProductBlockModel, product_block_name="GroupBlock"):
    """A group of users."""

    group_name: str | None = None


class UserBlockInactive(ProductBlockModel, product_block_name="UserBlock"):
    full_name: str | None = None
    note: str | None = None
    group: GroupBlock | None = None


class UserBlock(UserBlockInactive, lifecycle=[ACTIVE]):
    full_name: str


class UserInactive(SubscriptionModel, is_base=True):
    """A user of the organisation."""

    affiliation: Affiliation
    user: UserBlockInactive


class User(UserInactive, lifecycle=[ACTIVE]):
    user: UserBlock


SUBSCRIPTION_MODEL_REGISTRY["User"] = User
'''
# A field is renamed, one is new and demanded, one is gone; so are a part and a fixed input.
SECOND = """
class DeskBlock(ProductBlockModel, product_block_name="DeskBlock"):
    number: int = 1


class UserBlockInactive(ProductBlockModel, product_block_name="PersonBlock"):
    username: str | None = None
    age: int | None = None
    desk: DeskBlock | None = None


class UserBlock(UserBlockInactive, lifecycle=[ACTIVE]):
    username: str
    age: int


class UserInactive(SubscriptionModel, is_base=True):
    kind: Affiliation
    seats: int
    user: UserBlockInactive


class User(UserInactive, lifecycle=[ACTIVE]):
    user: UserBlock


SUBSCRIPTION_MODEL_REGISTRY["Person"] = User
"""
RENAMES = {
    "products": {"User": "Person"},
    "product_blocks": {"UserBlock": "PersonBlock"},
    "fields": {"PersonBlock": {"full_name": "username"}},
    "fixed_inputs": {"Person": {"affiliation": "kind"}},
}
REST = {
    "defaults": {"PersonBlock": {"age": 18}},
    "products": {"Person": {"fixed_inputs": {"seats": 5, "kind": "external"}}},
}
UPDATES = {"renames": RENAMES} | REST
USER = {"products": {"User": {"tag": "U", "fixed_inputs": {"affiliation": "internal"}}}}


class Organisation(TemporaryApp):
    """An app with domain models that change."""

    def model(self, models: str, module: str = "products") -> None:
        """Let the code have these models, and no others."""
        SUBSCRIPTION_MODEL_REGISTRY.clear()
        if models:
            self.write(f"{module}.py", HEADER + models)
            exec(  # As a module of the app, but never an old version of it.
                compile(HEADER + models, f"{module}.py", "exec"),
                {"__name__": f"{self.name}.{module}"},
            )


@pytest.fixture
def organisation(tmp_path, monkeypatch, settings):
    monkeypatch.setattr("workflows_app.registry._workflows", {})
    before = dict(SUBSCRIPTION_MODEL_REGISTRY)
    for rows in (Workflow, Product, ProductBlock):
        rows.objects.all().delete()
    app = Organisation(tmp_path, "organisation", monkeypatch, settings).install()
    yield app
    app.remove()
    SUBSCRIPTION_MODEL_REGISTRY.clear()
    SUBSCRIPTION_MODEL_REGISTRY.update(before)


@pytest.fixture
def first(organisation):
    """Return the app, with its first models in the database."""
    organisation.model(FIRST)
    command("users", "--noinput", "--updates", json.dumps(USER))
    organisation.migrate()
    return organisation


def subscribe(product: str = "User") -> Subscription:
    base: Any = SUBSCRIPTION_MODEL_REGISTRY[product].shape__.base
    made = base.from_product_id(Product.objects.get(name=product).pk, "customer")
    made.user.full_name, made.user.note = "piet", "tall"
    made.save()
    return Subscription.objects.get(pk=made.subscription_id)


def loaded(subscription: Subscription) -> Any:
    return SubscriptionModel.from_subscription(subscription.pk)


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("migrate_domain_models", *arguments, stdout=out)
    return out.getvalue()


def type_in(monkeypatch, *answers: str) -> list[str]:
    """Answer the questions to come; return the list that they are recorded in."""
    asked: list[str] = []
    left = list(answers)

    def typed_in(prompt: str) -> str:
        asked.append(prompt)
        if not left:
            raise EOFError
        return left.pop(0)

    monkeypatch.setattr("builtins.input", typed_in)
    return asked


def catalog() -> dict[str, object]:
    return {
        row.name: (
            dict(row.fixed_inputs.values_list("name", "value")),
            {block.name: _block(block) for block in row.product_blocks.all()},
        )
        for row in Product.objects.order_by("name")
    }


def _block(block: ProductBlock) -> tuple[list[str], dict[str, object]]:
    return block.fields, {part.name: _block(part) for part in block.depends_on.all()}


BEFORE: Any = {
    "User": (
        {"affiliation": "internal"},
        {"UserBlock": (["full_name", "note"], {"GroupBlock": (["group_name"], {})})},
    )
}
AFTER: Any = {
    "Person": (
        {"kind": "internal", "seats": "5"},
        {"PersonBlock": (["age", "username"], {"DeskBlock": (["number"], {})})},
    )
}


def test_the_models_of_a_new_app_go_into_the_database_and_back(organisation):
    organisation.model(FIRST)

    printed = command("users", "--noinput", "--updates", json.dumps(USER))

    assert "add the product blocks GroupBlock, UserBlock" in printed
    assert organisation.migrations() == ["0001_users"]
    for _ in range(2):
        organisation.migrate()
        assert catalog() == BEFORE
        row = Product.objects.get()
        assert (row.product_type, row.description, row.tag) == (
            ("User", "A user of the organisation.", "U")
        )
        assert ProductBlock.objects.get(name="GroupBlock").description == "A group of users."
        assert loaded(subscribe()).user.full_name == "piet"
        Subscription.objects.all().delete()
        organisation.migrate(None)
        assert (Product.objects.count(), ProductBlock.objects.count()) == (0, 0)


def test_changes_reach_the_subscriptions_and_come_back(first):
    subscription = subscribe()
    Subscription.objects.update(status="active")
    first.model(SECOND)

    command("people", "--noinput", "--updates", json.dumps(UPDATES))

    assert first.migrations() == ["0001_users", "0002_people"]
    for _ in range(2):
        first.migrate()
        assert catalog() == AFTER
        person = loaded(subscription)
        assert (person.user.username, person.user.age, person.kind) == ("piet", 18, "internal")
        assert command("--check") == ""
        first.migrate("0001_users")
        assert catalog() == BEFORE
        assert SubscriptionInstance.objects.get().values["full_name"] == "piet"
        assert "age" not in SubscriptionInstance.objects.get().values
    assert Subscription.objects.get().version > subscription.version


def test_the_terminal_is_asked_what_the_code_does_not_say(first, monkeypatch):
    subscribe()
    first.model(SECOND)
    answers = {
        "Was the product block 'UserBlock' renamed to 'PersonBlock'?": ["y"],
        "Was the product 'User' renamed to 'Person'?": ["yes"],
        "Was the field of PersonBlock 'full_name' renamed to 'username'?": ["Y"],
        "Was the fixed input of Person 'affiliation' renamed to 'kind'?": ["y"],
        "the value of 'age' in existing subscriptions": ["old", "18"],
        "the value of the fixed input 'seats'": ["many", "5"],
        "Write it?": ["y"],
    }
    refused: list[str] = []

    def type_in_what_fits(prompt: str) -> str:
        for question, left in answers.items():
            if question in prompt:
                return left.pop(0)
        refused.append(prompt)
        return ""

    monkeypatch.setattr("builtins.input", type_in_what_fits)

    command("people")

    assert not any(answers.values())
    assert "Was the product block 'GroupBlock' renamed to 'DeskBlock'? [y/N] " in refused
    assert "Was the field of PersonBlock 'note' renamed to 'username'? [y/N] " not in refused
    first.migrate()
    assert catalog() == AFTER
    assert SubscriptionInstance.objects.get().values == {"username": "piet", "age": 18}


def test_what_was_renamed_is_not_asked_for_again(first, monkeypatch):
    subscribe()
    first.model(FIRST.replace("full_name", "a_name").replace("note", "b_note"))
    asked = type_in(monkeypatch, "y", "y", "y")

    command("renames")
    first.migrate()

    assert len(asked) == 3
    assert SubscriptionInstance.objects.get().values == {"a_name": "piet", "b_note": "tall"}


def test_a_default_may_be_left_out_at_the_terminal(first, monkeypatch):
    subscribe()
    first.model(FIRST.replace("    full_name: str\n", "    full_name: str\n    age: int\n"))
    type_in(monkeypatch, "-", "y")

    command("ages")
    first.migrate()

    assert "age" not in SubscriptionInstance.objects.get().values


def test_a_new_product_s_row_is_asked_for_with_suggestions(organisation, monkeypatch):
    organisation.model(FIRST)
    asked = type_in(monkeypatch, "", "A person", "P", "unknown", "internal", "y")

    command("users")
    organisation.migrate()

    row = Product.objects.get()
    assert (row.product_type, row.description, row.tag) == ("User", "A person", "P")
    assert asked[:3] == [
        "User: its product type [User] ",
        "User: its description [A user of the organisation.] ",
        "User: its tag ",
    ]
    assert asked[4].startswith("'unknown' is no value for 'affiliation'")


@pytest.mark.parametrize("answers", [["n"], [""]])
def test_nothing_is_written_unless_it_is_confirmed(organisation, monkeypatch, answers):
    organisation.model(FIRST)
    type_in(monkeypatch, "", "", "", "internal", *answers)

    assert "Nothing is written" in command("users")

    assert not (organisation.path / "migrations").exists()


def test_a_dry_run_writes_nothing(organisation):
    organisation.model(FIRST)

    printed = command("users", "--noinput", "--dry-run", "--updates", json.dumps(USER))

    assert "create_products(" in printed
    assert not (organisation.path / "migrations").exists()


def test_check_lists_the_differences_without_an_answer(first):
    assert command("--check") == ""
    first.model(SECOND)
    out = StringIO()

    with pytest.raises(CommandError, match="code and database differ"):
        call_command("migrate_domain_models", "--check", stdout=out)

    assert "add the product Person" in out.getvalue()
    assert first.migrations() == ["0001_users"]


def test_what_left_the_code_is_removed_and_comes_back_as_it_was(first):
    product = Product.objects.get()
    product.workflows.add(Workflow.objects.create(name="create_user", target="CREATE"))
    first.model("")

    command("no users", "--noinput")

    for _ in range(2):
        first.migrate()
        assert (Product.objects.count(), ProductBlock.objects.count()) == (0, 0)
        first.migrate("0001_users")
        assert catalog() == BEFORE
        back = Product.objects.get()
        assert (back.pk, back.tag, back.workflows.get().name) == (product.pk, "U", "create_user")


def test_what_subscriptions_have_is_kept_and_no_difference(first):
    subscribe()
    ProductBlock.objects.filter(name="GroupBlock").delete()
    first.model("")

    assert command("--check") == ""
    assert "UserBlock has left the code" in command("nothing", "--noinput")
    assert first.migrations() == ["0001_users"]


def test_a_removed_field_is_gone_from_subscriptions_too(first):
    subscribe()
    first.model(FIRST.replace("    note: str | None = None\n", ""))

    command("no notes", "--noinput")
    first.migrate()

    assert "note" not in SubscriptionInstance.objects.get().values


def test_a_fixed_input_and_a_part_that_go_come_back(first):
    without = FIRST.replace("    affiliation: Affiliation\n", "")
    first.model(without.replace("    group: GroupBlock | None = None\n", ""))

    command("less", "--noinput")

    for _ in range(2):
        first.migrate()
        assert catalog() == {"User": ({}, {"UserBlock": (["full_name", "note"], {})})}
        first.migrate("0001_users")
        assert catalog() == BEFORE


def test_models_of_two_apps_get_a_migration_each_in_the_order_that_works(
    organisation, tmp_path, monkeypatch, settings
):
    other = TemporaryApp(tmp_path, "a_products", monkeypatch, settings).install()
    blocks, products = FIRST.split("class UserInactive")
    organisation.model(blocks)
    module = {"__name__": "organisation.products"}
    exec(HEADER + blocks, module)
    module["__name__"] = "a_products.products"
    exec("class UserInactive" + products, module)
    try:
        command("users", "--noinput", "--updates", json.dumps(USER))

        assert (organisation.migrations(), other.migrations()) == (["0001_users"], ["0001_users"])
        assert '("organisation", "0001_users")' in other.text()
        other.migrate()
        assert catalog() == BEFORE
        other.migrate(None)
        organisation.migrate(None)
    finally:
        other.remove()


def test_migrations_of_several_apps_wait_for_those_that_they_need(
    organisation, tmp_path, monkeypatch, settings
):
    other = TemporaryApp(tmp_path, "a_products", monkeypatch, settings).install()
    after = Change("b", (), (), app="a_products", needs=frozenset({"organisation"}))
    before = Change("a", (), (), app="organisation")
    try:
        files = _files("order", [after, before], "")
        assert [file.label for file in files] == ["organisation", "a_products"]
        with pytest.raises(CommandError, match="--app"):
            _files("order", [after, replace(before, needs=frozenset({"a_products"}))], "")
    finally:
        other.remove()


def test_a_value_is_demanded_if_one_variant_demands_it():
    class Base(ProductBlockModel, product_block_name="Relaxed"):
        size: int | None = None

    class Strict(Base, lifecycle=[SubscriptionLifecycle.PROVISIONING]):
        size: int

    class Loose(Base, lifecycle=[SubscriptionLifecycle.ACTIVE]):
        pass

    block = Modelled("Relaxed", Loose)

    assert [cls.__name__ for cls in block.family] == ["Base", "Strict", "Loose"]
    assert block.demands("size")
    with pytest.raises(CatalogError, match="None is no value"):
        block.fit("size", None)


@pytest.mark.parametrize(
    ("updates", "why"),
    [
        ({}, "the new field 'age' needs a value"),
        ({"defaults": {"PersonBlock": {"age": "old"}}}, "'old' is no value for 'age'"),
        ({"defaults": {"PersonBlock": {"age": None}}}, "None is no value for 'age'"),
        ({"defaults": {"PersonBlock": {"age": 1}}}, "the fixed input 'seats' needs a value"),
        ({"renames": RENAMES | {"products": {"Nobody": "Person"}}} | REST, "not vanished"),
        ({"rename": {}}, "nobody reads: rename"),
        ({"renames": {"blocks": {}}}, "nobody reads: blocks"),
    ],
)
def test_without_input_every_answer_has_to_be_given(first, updates, why):
    first.model(SECOND)
    given = {"renames": RENAMES} | updates

    with pytest.raises(CommandError, match=why):
        command("people", "--noinput", "--updates", json.dumps(given))

    assert first.migrations() == ["0001_users"]


@pytest.mark.parametrize("text", ["no/such/file.json", "{", "[]"])
def test_updates_that_are_no_json_are_refused(organisation, text):
    with pytest.raises(CommandError, match="--updates"):
        command("users", "--noinput", "--updates", text)


def test_updates_may_be_a_file(organisation, tmp_path):
    organisation.model(FIRST)
    file = tmp_path / "updates.json"
    file.write_text(json.dumps(USER))

    command("users", "--noinput", "--updates", str(file))
    organisation.migrate()

    assert catalog() == BEFORE


def test_a_model_without_a_base_is_named(organisation):
    organisation.model("""
class Loose(SubscriptionModel):
    pass


SUBSCRIPTION_MODEL_REGISTRY["Loose"] = Loose
""")

    with pytest.raises(CommandError, match="Loose"):
        command("--check")


def test_a_process_survives_what_happens_to_its_product(first):
    workflow = Workflow.objects.create(name="create_user", target="CREATE")
    workflow.products.add(Product.objects.get())
    process = Process.objects.create(workflow=workflow, definition=[], created_by="piet")
    first.model("")
    command("no users", "--noinput")

    first.migrate()

    assert Process.objects.get() == process
