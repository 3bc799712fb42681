"""The console's texts in other languages: gathered from the code, compiled, and held complete.

One catalogue for each language has the texts of every package and of ``templates/``. It is
committed (``django.po``); what Django reads (``django.mo``) is compiled from it when the project
starts. All of it is done with Babel, so that GNU gettext need not be installed.
"""

import io
import os
import re
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from babel.core import UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po
from django.apps import apps
from django.conf import settings
from django.utils.translation.template import templatize

from orchestrator_project import model_names

FOLDERS = ("callbacks_app", "orchestrator_project", "templates", "workflows_app")
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "marked": None,  # gettext_noop, under a shorter name.
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_PLACEHOLDERS = re.compile(r"%\((\w+)\)[#0\- +]*[\d.]*[a-z]|%%|\{(\w*)[^{}]*\}")


def catalogues() -> list[Path]:
    """Return the path of every catalogue."""
    return sorted(
        path
        for root in settings.LOCALE_PATHS
        for path in Path(root).glob("*/LC_MESSAGES/django.po")
    )


def gather() -> Catalog:
    """Return every text that the code marks for translation, untranslated."""
    found = Catalog(fuzzy=False)
    for path in _sources():
        name = path.relative_to(settings.BASE_DIR).as_posix()
        for _, message, comments, context in extract(
            "python",
            io.BytesIO(_as_python(path).encode()),
            keywords=KEYWORDS,
            comment_tags=("Translators:",),
        ):
            found.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    for text in filter(None, model_names.texts()):
        found.add(text, locations=[("orchestrator_project/model_names.py", 0)])
    return found


def update(path: Path) -> None:
    """Add what is new to a catalogue, and take out what the code says no more."""
    catalogue = _read(path)
    catalogue.update(gather(), no_fuzzy_matching=True, update_creation_date=False)
    with _replacing(path) as file:
        write_po(file, catalogue, 100, include_lineno=False, ignore_obsolete=True, sort_output=True)


def compile_stale() -> list[tuple[Path, Exception]]:
    """Write for Django what it reads, where that is missing or older than its catalogue.

    Return the catalogues with which that was not possible, and why.
    """
    refused: list[tuple[Path, Exception]] = []
    for path in (*catalogues(), *_of_apps()):
        try:
            _compile(path, path.with_suffix(".mo"))
        except (OSError, ValueError, PoFileError, UnknownLocaleError) as error:
            refused.append((path, error))
    return refused


def _compile(path: Path, target: Path) -> None:
    if not target.exists() or target.stat().st_mtime_ns < path.stat().st_mtime_ns:
        with _replacing(target) as file:
            write_mo(file, _read(path))


def problems(path: Path) -> list[str]:
    """Say what is wrong with a catalogue: what is missing, doubtful, or left over."""
    catalogue, wanted = _read(path), gather()
    found = [_fault(message, catalogue.get(message.id, message.context)) for message in wanted]
    left = [
        f"the code has it no more: {message.id!r}"
        for message in catalogue
        if message.id and wanted.get(message.id, message.context) is None
    ]
    left += [f"the code has it no more: {identity!r}" for identity in catalogue.obsolete]
    return [*filter(None, found), *left]


def _of_apps() -> Iterator[Path]:
    """Yield the catalogues of apps in the making; one that is installed brings its own ``.mo``."""
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    for app in map(Path, (config.path for config in apps.get_app_configs())):
        if not any(app.is_relative_to(folder) for folder in installed):
            yield from sorted(app.glob("locale/*/LC_MESSAGES/django.po"))


def _sources() -> Iterator[Path]:
    for folder in FOLDERS:
        found = (settings.BASE_DIR / folder).rglob("*")
        yield from sorted(path for path in found if path.suffix in {".py", ".html", ".txt"})


def _as_python(path: Path) -> str:
    """Return the file as calls of gettext; a template's indentation would be a syntax error."""
    source = path.read_text()
    if path.suffix == ".py":
        return source
    return "\n".join(line.lstrip() for line in templatize(source, origin=str(path)).splitlines())


def _fault(wanted: Message, found: Message | None) -> str:
    if not wanted.id:
        return ""
    texts = _texts(found.string) if found else []
    if found is None or not texts or not all(texts):
        return f"not translated: {wanted.id!r}"
    if found.fuzzy:
        return f"marked as doubtful (fuzzy): {wanted.id!r}"
    places = _placeholders(_texts(wanted.id)[-1])
    if any(_placeholders(text) != places for text in texts[-1:]):
        return f"has other placeholders: {wanted.id!r}"
    if any(_placeholders(text) - places for text in texts[:-1]):
        return f"has placeholders that are not there: {wanted.id!r}"
    return ""


def _texts(text: str | Sequence[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


def _placeholders(text: str) -> Counter[str]:
    return Counter(match[1] or match[0] for match in _PLACEHOLDERS.finditer(text))


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside ``path`` that takes its place in one move: readers see it whole."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)  # It is there no more, unless something went wrong.
