"""What the documents say is true: their code runs, their tables are complete."""

import re
import sys
import types
from pathlib import Path

import pytest

from tests.docs.diagram import diagram
from tests.engine import drain
from workflows_app import app_settings, engine, registration, registry

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.S)


CODE, TEST = blocks(README)


@pytest.fixture
def module(monkeypatch):
    """A module that a document's code can live in, and an empty registry."""
    made = types.ModuleType("documented_workflows")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    monkeypatch.setattr(registry, "_workflows", {})
    return made


def test_the_readme_draws_the_status_machine_as_it_is():
    (drawn,) = re.findall(r"```mermaid\n(.*?)\n```", README, re.S)

    assert drawn == diagram(), "run python -m tests.docs.diagram and paste what it prints"


@pytest.mark.django_db(transaction=True)
def test_the_workflow_of_the_readme_runs(module):
    exec(compile(CODE, "README.md", "exec"), module.__dict__)
    registration.sync()

    process = engine.start(
        "provision_circuit", inputs=[{"customer": "SURF", "vlan": 7}], by="maria"
    )
    drain()
    process.refresh_from_db()
    assert (process.status, process.assignee) == ("suspended", "NOC")
    engine.submit(process.pk, inputs=[{}], by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"


@pytest.mark.django_db
def test_the_test_of_the_readme_passes(module):
    for block in (CODE, TEST):
        exec(compile(block, "README.md", "exec"), module.__dict__)

    module.test_a_circuit_is_reserved_and_confirmed(None)


@pytest.mark.parametrize("number", range(len(blocks((ROOT / "docs/workflows.md").read_text()))))
def test_the_code_of_the_workflow_manual_can_be_imported(module, number):
    code = blocks((ROOT / "docs/workflows.md").read_text())[number]

    exec(compile(code, f"docs/workflows.md block {number}", "exec"), module.__dict__)


@pytest.mark.parametrize("name", app_settings.DEFAULTS)
def test_every_setting_is_in_the_manual(name):
    assert f"`{name}`" in (ROOT / "docs/settings.md").read_text() or name == "BASE_URL"


def test_every_check_is_in_the_manual():
    ids = set(re.findall(r'"(workflows\.[EW]\d+)"', (ROOT / "workflows_app/checks.py").read_text()))

    assert ids == set(
        re.findall(r"`(workflows\.[EW]\d+)`", (ROOT / "docs/settings.md").read_text())
    )


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")))
def test_links_inside_the_project_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target
