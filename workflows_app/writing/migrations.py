"""Write data migrations: which app, which number, after which others, formatted."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.management.utils import run_formatters
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.writer import MigrationWriter
from django.utils.text import slugify

from workflows_app.errors import CatalogError
from workflows_app.writing.calls import Change, backwards, body, forwards

_TEMPLATE = '''"""{message}."""

from django.db import migrations

from workflows_app.migration_helpers import {helpers}


def forwards(apps, schema_editor):
{forwards}


def backwards(apps, schema_editor):
{backwards}


class Migration(migrations.Migration):
    dependencies = {dependencies!r}

    operations = [migrations.RunPython(forwards, backwards)]
'''


@dataclass(frozen=True)
class MigrationFile:
    """A migration that is not written yet."""

    label: str
    name: str
    text: str

    @cached_property
    def path(self) -> Path:
        """Where it goes."""
        return Path(MigrationWriter(Migration(self.name, self.label)).path)

    def write(self) -> Path:
        """Write the file, formatted as the project's formatter does, and return its path."""
        package = self.path.parent
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
        self.path.write_text(self.text, encoding="utf-8")
        format_files([self.path])
        return self.path


def unapplied() -> list[str]:
    """Return the migrations that the database has not seen, as ``app.name``."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def compose(
    message: str,
    label: str,
    changes: Sequence[Change],
    *,
    after: Iterable[MigrationFile] = (),
    new_app: bool = False,
) -> MigrationFile:
    """Return the migration of the app ``label`` that makes ``changes``.

    Args:
        message: what it is for: its docstring, and its name.
        after: migrations of other apps that it has to wait for.
        new_app: whether the app is not installed yet, so that this is its first migration.

    Raises:
        CatalogError: the app cannot have one now, or the message has no letters.
    """
    loader = MigrationLoader(None, ignore_no_migrations=True)
    number, dependencies = (1, []) if new_app else _place(label, loader)
    slug = slugify(message).replace("-", "_")[:50].strip("_")
    if not slug:
        raise CatalogError("the message has no letters to name a migration with")
    needed = {"workflows_app", *(label for change in changes for label in change.needs)} - {label}
    dependencies += [leaf for other in sorted(needed) for leaf in _leaves(other, loader)]
    dependencies += [(file.label, file.name) for file in after]
    calls = [*forwards(changes), *backwards(changes)]
    text = _TEMPLATE.format(
        message=_docstring(message),
        helpers=", ".join(sorted({call.function for call in calls})),
        forwards=body(forwards(changes)),
        backwards=body(backwards(changes)),
        dependencies=sorted(set(dependencies)),
    )
    return MigrationFile(label, f"{number:04d}_{slug}", text)


def owner(module: str) -> str:
    """Return the label of the installed app that a module is in; "" if it is in none."""
    found = apps.get_containing_app_config(module)
    return found.label if found else ""


def mentioning(names: Iterable[str]) -> str:
    """Return the label of the one app whose migrations mention a name; "" if there is not one."""
    quoted = [quote + name + quote for name in names for quote in "'\""]
    labels = {
        config.label
        for config in apps.get_app_configs()
        if any(name in text for text in _migrations(config) for name in quoted)
    }
    return labels.pop() if len(labels) == 1 else ""


def format_files(paths: Iterable[Path]) -> None:
    """Format files with ruff, or with black as Django does, if one of them is installed."""
    files = [str(path) for path in paths]
    beside = Path(sys.executable).with_name("ruff")
    if beside.exists():
        for command in (["check", "--fix", "--select", "I"], ["format"]):
            subprocess.run(  # noqa: S603 - Our own arguments.
                [beside, *command, "--quiet", *files], check=False, capture_output=True
            )
    else:
        run_formatters(files)


def _migrations(config: AppConfig) -> Iterator[str]:
    for file in sorted(Path(config.path, "migrations").glob("[0-9]*.py")):
        yield file.read_text(encoding="utf-8")


def _place(label: str, loader: MigrationLoader) -> tuple[int, list[tuple[str, str]]]:
    """Return the number of the app's next migration, and the one that it follows."""
    if label not in apps.app_configs:
        raise CatalogError(f"no installed app has the label '{label}'")
    if getattr(settings, "MIGRATION_MODULES", {}).get(label, "") is None:
        raise CatalogError(f"MIGRATION_MODULES says that '{label}' has no migrations")
    leaves = _leaves(label, loader)
    if len(leaves) > 1:
        names = ", ".join(name for _, name in leaves)
        raise CatalogError(f"'{label}' has the branches {names}; run makemigrations --merge first")
    if not leaves and list(apps.get_app_config(label).get_models()):
        raise CatalogError(f"'{label}' has models but no migrations; run makemigrations first")
    numbers = [MigrationAutodetector.parse_number(name) or 0 for _, name in leaves]
    return max(numbers, default=0) + 1, leaves


def _leaves(label: str, loader: MigrationLoader) -> list[tuple[str, str]]:
    return list(loader.graph.leaf_nodes(label))


def _docstring(message: str) -> str:
    text = re.sub(r"\s+", " ", message).strip(" .").replace("\\", "\\\\").replace('"', '\\"')
    return text[:1].upper() + text[1:]
