"""A Django app made for one test: on the path, installed, and migrated there and back."""

import sys
from importlib import invalidate_caches
from pathlib import Path
from textwrap import dedent

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder


class TemporaryApp:
    """An app in a directory of its own."""

    def __init__(self, directory: Path, name: str, monkeypatch, settings) -> None:
        self.name = name
        self.path = directory / name
        self.path.mkdir()
        self.write("__init__.py", "")
        monkeypatch.syspath_prepend(str(directory))
        self._settings = settings

    def write(self, name: str, text: str) -> Path:
        """Write a file of the app."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        invalidate_caches()
        return file

    def install(self) -> "TemporaryApp":
        """Put the app among the installed ones; its workflows are found at once."""
        invalidate_caches()
        self._settings.INSTALLED_APPS = [*self._settings.INSTALLED_APPS, self.name]
        return self

    def migrations(self) -> list[str]:
        """Return the names of its migrations, in order."""
        return sorted(file.stem for file in self.path.glob("migrations/0*.py"))

    def text(self) -> str:
        """Return its newest migration."""
        return (self.path / "migrations" / f"{self.migrations()[-1]}.py").read_text()

    def migrate(self, name: str | None = "") -> None:
        """Migrate to its newest migration, to one by name, or with None to before the first."""
        forget(f"{self.name}.migrations")
        target = self.migrations()[-1] if name == "" else name
        executor = MigrationExecutor(connection)
        executor.migrate([(self.name, target)])

    def remove(self) -> None:
        """Leave nothing behind: no module, and no applied migration."""
        forget(self.name)
        for applied, name in MigrationRecorder(connection).applied_migrations():
            if applied == self.name:
                MigrationRecorder(connection).record_unapplied(applied, name)


def forget(package: str) -> None:
    """Forget what was imported of a package, which may change or go."""
    invalidate_caches()
    for module in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        del sys.modules[module]
