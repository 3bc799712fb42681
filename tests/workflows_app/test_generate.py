"""A product from its description: what is generated runs, and its tests pass."""

import os
import re
import subprocess
import sys
from importlib import invalidate_caches
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.workflows_app.temporary_app import TemporaryApp, forget
from workflows_app.errors import CatalogError
from workflows_app.writing import description, products

ROOT = Path(__file__).resolve().parents[2]
(DOCUMENTED,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/registration.md").read_text(), re.S)
SMALL = """
name: User group
product_type: UserGroup
product_blocks:
  - name: GroupBlock
    fields:
      - name: group_name
        modifiable: false
"""
EVERY_TYPE = """
name: Everything
product_type: Everything
fixed_inputs:
  - {name: colour, type: enum, values: [red, green]}
  - {name: size, type: float, values: [1.5, 2.5]}
product_blocks:
  - name: WholeBlock
    description: 'All "types" \\ of values'
    fields:
      - {name: text, required: active, default: some}
      - {name: number, type: float, required: provisioning}
      - {name: flag, type: bool, required: active}
      - {name: day, type: date}
      - {name: instant, type: datetime}
      - {name: price, type: Decimal}
      - {name: address, type: IPv6Address}
      - {name: kind, type: enum, values: [1, 2]}
      - {name: days, type: "list[date]"}
      - {name: tag_list, type: "list[str]", default: [a]}
      - {name: inner, type: InnerBlock, required: provisioning}
      - {name: perhaps, type: InnerBlock}
  - name: InnerBlock
    fields:
      - {name: uuid, type: UUID, required: active}
      - {name: leaf, type: LeafBlock, required: active}
  - name: LeafBlock
    fields:
      - {name: depth, type: int, example: 7}
"""
# Beside the generated tests: code, database and migration agree, there and back.
AGREED = """
import pytest
from django.core.management import call_command
from workflows_app.models import Product, Workflow

@pytest.mark.django_db(transaction=True)
def test_code_and_database_agree():
    call_command("check")
    call_command("migrate_workflows", "--check")
    call_command("migrate_domain_models", "--check")
    call_command("migrate", "my_network", "zero", verbosity=0)
    assert not Product.objects.exists()
    call_command("migrate", "my_network", verbosity=0)
    call_command("migrate_workflows", "--check")
    call_command("migrate_domain_models", "--check")
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    forget("my_network")
    yield tmp_path
    forget("my_network")
    forget("networks")


def generate(text: str, *options: str, app: str = "my_network") -> str:
    Path("product.yaml").write_text(text)
    out = StringIO()
    call_command("generate", "product", "product.yaml", "--app", app, *options, stdout=out)
    invalidate_caches()
    return out.getvalue()


def run_tests(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run what was generated as its author would, in a project of its own."""
    (project / "pytest.ini").write_text(
        "[pytest]\nDJANGO_SETTINGS_MODULE = orchestrator_project.settings\n"
        "pythonpath = .\nfilterwarnings = error\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=project,
        env=os.environ
        | {
            "PYTHONPATH": f"{project}:{ROOT}",
            "DATABASE_URL": f"sqlite:///{project}/db.sqlite3",
            "ORCHESTRATOR_APPS": "my_network",
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.mark.parametrize("text", [DOCUMENTED, SMALL, EVERY_TYPE], ids=["manual", "small", "types"])
def test_the_tests_of_a_generated_product_pass(project, text):
    printed = generate(text)
    (project / "my_network/tests/test_agreed.py").write_text(AGREED)

    ended = run_tests(project, "my_network")

    assert ended.returncode == 0, ended.stdout
    assert " failed" not in ended.stdout
    assert "ORCHESTRATOR_APPS" in printed


def test_generated_tests_notice_what_is_broken(project):
    generate(DOCUMENTED)
    file = project / "my_network/workflows/modify_l2vpn.py"
    file.write_text(file.read_text().replace("    subscription.l2vpn.vlan = vlan\n", ""))

    ended = run_tests(project, "my_network", "-k", "changed")

    assert ended.returncode == 1
    assert "test_a_subscription_can_be_changed" in ended.stdout


@pytest.mark.django_db
def test_a_second_product_joins_the_first_in_its_app(project, monkeypatch, settings):
    app = TemporaryApp(project, "my_network", monkeypatch, settings)
    monkeypatch.setattr("workflows_app.registry._workflows", {})
    app.install()
    try:
        generate(SMALL)
        generate(EVERY_TYPE.replace("name: Everything", "name: All"))

        assert app.migrations() == ["0001_add_user_group", "0002_add_all"]
        assert '("my_network", "0001_add_user_group")' in app.text()
        lines = (app.path / "workflows/__init__.py").read_text().splitlines()
        assert lines.count('import_module("my_network.products")') == 1
        assert len([line for line in lines if line.startswith("LazyWorkflowInstance(")]) == 8
        assert len((app.path / "products/__init__.py").read_text().splitlines()) == 4
    finally:
        app.remove()

    (project / "my_network/tests/test_agreed.py").write_text(AGREED)
    ended = run_tests(project, "my_network")
    assert ended.returncode == 0, ended.stdout


def test_a_dry_run_writes_nothing(project):
    printed = generate(DOCUMENTED, "--dry-run")

    assert "class L2vpnBlockProvisioning(" in printed
    assert "create_workflow(" in printed
    assert not (project / "my_network").exists()


def test_only_the_workflows_that_are_wanted_are_written(project):
    generate(f"{SMALL}\nworkflows: [terminate]")

    found = sorted(file.name for file in (project / "my_network/workflows").iterdir())
    assert found == ["__init__.py", "terminate_user_group.py"]


def test_files_that_are_there_are_not_overwritten_by_accident(project):
    file = project / "my_network/products/user_group.py"
    file.parent.mkdir(parents=True)
    file.write_text("mine = True\n")

    with pytest.raises(CommandError, match=r"products/user_group\.py .* --force"):
        generate(SMALL)
    assert file.read_text() == "mine = True\n"
    assert not (project / "my_network/workflows").exists()

    generate(SMALL, "--force")
    assert "class GroupBlock(" in file.read_text()


def test_a_module_is_not_made_a_package_behind_its_author_s_back(project):
    (project / "my_network").mkdir()
    (project / "my_network/workflows.py").write_text("")

    with pytest.raises(CommandError, match="make it a package"):
        generate(SMALL)


def test_an_app_with_migrations_has_to_be_installed(project):
    generate(SMALL)

    with pytest.raises(CommandError, match="see ORCHESTRATOR_APPS"):
        generate(DOCUMENTED)


@pytest.mark.parametrize("app", ["my-network", "", "my..network", "json.decoder"])
def test_an_app_that_cannot_be_one_is_refused(project, app):
    with pytest.raises(CommandError, match=r"cannot be the name|is a module"):
        generate(SMALL, app=app)


def test_an_app_may_be_in_a_package_that_is_not_there_yet(project):
    generate(SMALL, app="networks.access")

    assert "networks.access.products" in (
        (project / "networks/access/workflows/__init__.py").read_text()
    )


def test_a_description_that_is_not_there_is_named(project):
    with pytest.raises(CommandError, match=r"nothing\.yaml"):
        call_command("generate", "product", "nothing.yaml", "--app", "my_network")


def field(more: str) -> str:
    return SMALL.replace("name: group_name", more)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "no YAML"),
        ("just text", "not one of a product"),
        (SMALL.replace("name: User group", ""), "name: Field required"),
        (SMALL + "colour: red", "colour: Extra inputs"),
        (SMALL.replace("UserGroup", "User Group"), "cannot be a name in Python"),
        (SMALL.replace("GroupBlock", "UserGroup"), "two classes UserGroup"),
        (SMALL + "workflows: [destroy]", "workflows.0"),
        (field("name: class"), "'class' cannot be a name"),
        (field("name: label"), "'label' means something else"),
        (field("name: subscription"), "'subscription' means something else"),
        (field("name: copy"), "'copy' means something else"),
        (field("{name: x, type: Port}").replace("\n        modifiable: false", ""), "'Port'"),
        (field("name: x\n        type: enum"), "an enum has values"),
        (field("name: x\n        values: [a]"), "an enum has values"),
        (field("name: x\n        required: initial"), "required"),
        (field("name: x\n        type: GroupBlock"), "a part of itself"),
        (SMALL.replace("GroupBlock", "MetadataBlock"), "set attribute"),
        (SMALL + "fixed_inputs: [{name: status, values: [a]}]", "field of every subscription"),
        (SMALL + "fixed_inputs: [{name: size, values: []}]", "fixed_inputs.0.values"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused_with_the_reason(text, why):
    with pytest.raises(CatalogError, match=why):
        description.read(text)


def test_each_combination_of_fixed_inputs_is_a_product():
    made = products.names(description.read(EVERY_TYPE))

    assert list(made) == [
        "Everything red 1.5", "Everything red 2.5", "Everything green 1.5", "Everything green 2.5",
    ]  # fmt: skip
    assert made["Everything red 1.5"] == {"colour": "red", "size": 1.5}
    assert list(products.names(description.read(SMALL))) == ["User group"]
