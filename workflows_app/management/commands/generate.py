"""Write the code of a product from its description."""

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows_app.errors import WorkflowError
from workflows_app.writing import description, migrations, products
from workflows_app.writing.description import ProductDescription


class Command(BaseCommand):
    help = "Write the models, workflows, migration and tests of a product that a file describes."
    requires_system_checks: tuple[str, ...] = ()  # What is generated may be what is missing.

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["product"])
        parser.add_argument("file", help="The description, in YAML.")
        parser.add_argument("--app", required=True, help="The app; it is made if there is none.")
        parser.add_argument("--dry-run", action="store_true", help="Print, and write nothing.")
        parser.add_argument("--force", action="store_true", help="Overwrite files of that name.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Read, and write; what is wrong with the description is the command's error."""
        try:
            product = description.read(Path(options["file"]).read_text("utf-8"))
            self._write(product, options)
        except (OSError, WorkflowError) as error:
            raise CommandError(str(error)) from error

    def _write(self, product: ProductDescription, options: dict[str, Any]) -> None:
        app = options["app"]
        directory = _directory(app)
        texts = products.files(product, app)
        for name, lines in products.additions(product, app).items():
            texts[name] = _with_lines(directory / name, lines)
        texts |= self._migration(product, app, directory)
        new = [name for name in texts if not name.endswith("__init__.py")]
        if taken := [name for name in new if (directory / name).exists() and not options["force"]]:
            raise CommandError(f"there is {taken[0]} in {app} already; --force overwrites it")
        self._report(directory, texts, dry_run=options["dry_run"])
        if not options["dry_run"]:
            _save(directory, texts)
            self.stdout.write(_NEXT.format(app=app))

    def _migration(
        self, product: ProductDescription, app: str, directory: Path
    ) -> Mapping[str, str]:
        installed = next((c.label for c in apps.get_app_configs() if c.name == app), "")
        if not installed and any(directory.glob("migrations/0*.py")):
            raise CommandError(f"{app} has migrations but is not installed: see ORCHESTRATOR_APPS")
        label = installed or app.rpartition(".")[2]
        file = migrations.compose(
            f"add {product.name}",
            label,
            products.changes(product, label),
            new_app=not installed,
        )
        return {f"migrations/{file.name}.py": file.text}

    def _report(self, directory: Path, texts: Mapping[str, str], *, dry_run: bool) -> None:
        for name, text in texts.items():
            self.stdout.write(str(directory / name))
            if dry_run:
                self.stdout.write(text)
        if dry_run:
            self.stdout.write("Nothing is written.")


_NEXT = "Put {app} into ORCHESTRATOR_APPS, run manage.py migrate, and pytest {app}."


def _directory(app: str) -> Path:
    """Return where the app is, or where it will be: below the current directory."""
    if not all(part.isidentifier() for part in app.split(".")):
        raise CommandError(f"{app!r} cannot be the name of an app")
    try:
        found = find_spec(app)
    except ModuleNotFoundError:
        found = None
    if found and found.submodule_search_locations:
        return Path(found.submodule_search_locations[0])
    if found:
        raise CommandError(f"{app} is a module, not an app")
    return Path.cwd().joinpath(*app.split("."))


def _with_lines(file: Path, lines: Iterable[str]) -> str:
    """Return the file with those of the lines at its end that it lacks."""
    if file.parent.with_suffix(".py").exists():
        raise CommandError(f"{file.parent}.py is a module: make it a package, to have room")
    text = file.read_text("utf-8") if file.exists() else ""
    if not text:
        return "\n".join(lines) + "\n" if lines else ""
    known = {line.strip() for line in text.splitlines()}
    return text + "".join(f"{line.strip()}\n" for line in lines if line.strip() not in {"", *known})


def _save(directory: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    migrations.format_files(directory / name for name in texts)
