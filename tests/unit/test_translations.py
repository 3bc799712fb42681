"""The catalogues: what is gathered into them, compiled from them, and wrong with them."""

import gettext
import os
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from callbacks_app import errors
from orchestrator_project import model_names, translations
from tests.unit import bare_texts

BASE = Path(__file__).resolve().parents[2]
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: nl\\n"\n\n'
CODE = 'ngettext("%(count)s step", "%(count)s steps", 2)\n_("Retry")\n'
TEMPLATE = """{% load i18n %}
  {% if a %}<p title="{% translate "Since" %}">
      {% blocktranslate with who=b %}By {{ who }}{% endblocktranslate %}</p>
    {% endif %}{{ _("Note") }}"""


@pytest.fixture
def catalogue(tmp_path: Path, settings, monkeypatch) -> Path:
    """Return the catalogue of a project that has one module, one template, and no model."""
    monkeypatch.setattr(model_names, "texts", list)
    settings.BASE_DIR, settings.LOCALE_PATHS = tmp_path, [tmp_path / "locale"]
    path = tmp_path / "locale/nl/LC_MESSAGES/django.po"
    for folder in (tmp_path / "workflows_app", tmp_path / "templates", path.parent):
        folder.mkdir(parents=True)
    (tmp_path / "workflows_app/words.py").write_text(CODE)
    (tmp_path / "templates/page.html").write_text(TEMPLATE)
    path.write_text(HEADER)
    return path


def _translate(path: Path, **texts: str) -> None:
    source = path.read_text()
    for text, translation in texts.items():
        source = source.replace(f'"{text}"\nmsgstr ""', f'"{text}"\nmsgstr "{translation}"')
    path.write_text(source)


def test_code_and_templates_are_gathered(catalogue: Path) -> None:
    texts = {message.id for message in translations.gather() if message.id}

    assert texts == {("%(count)s step", "%(count)s steps"), "Retry", "Since", "By %(who)s", "Note"}


def test_an_update_keeps_what_was_translated_and_drops_what_is_said_no_more(
    catalogue: Path, tmp_path: Path
) -> None:
    translations.update(catalogue)
    _translate(catalogue, Retry="Opnieuw", Note="Notitie")
    (tmp_path / "templates/page.html").write_text('{% translate "Id" %}')

    translations.update(catalogue)

    assert 'msgid "Retry"\nmsgstr "Opnieuw"' in catalogue.read_text()
    assert 'msgid "Id"\nmsgstr ""' in catalogue.read_text()
    assert "Notitie" not in catalogue.read_text()


def test_a_catalogue_is_compiled_when_it_is_newer(catalogue: Path) -> None:
    compiled = catalogue.with_suffix(".mo")
    translations.update(catalogue)
    _translate(catalogue, Retry="Opnieuw")
    translations.compile_stale()
    first = compiled.stat()
    translations.compile_stale()
    second = compiled.stat()
    _translate(catalogue, Since="Sinds")
    os.utime(catalogue, (first.st_mtime + 9, first.st_mtime + 9))

    translations.compile_stale()

    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)
    with compiled.open("rb") as file:
        dutch = gettext.GNUTranslations(file)
    assert [dutch.gettext(text) for text in ("Retry", "Since")] == ["Opnieuw", "Sinds"]
    assert list(compiled.parent.iterdir()) in ([catalogue, compiled], [compiled, catalogue])


def test_every_fault_of_a_catalogue_is_named(catalogue: Path) -> None:
    translations.update(catalogue)
    _translate(catalogue, **{"By %(who)s": "Door %(wie)s", "Since": "Sinds"})
    source = catalogue.read_text()
    source = source.replace('#: templates/page.html\nmsgid "Since"', '#, fuzzy\nmsgid "Since"')
    catalogue.write_text(source + '\nmsgid "Gone"\nmsgstr "Weg"\n')

    faults = translations.problems(catalogue)

    assert sorted(faults) == [
        "has other placeholders: 'By %(who)s'",
        "marked as doubtful (fuzzy): 'Since'",
        "not translated: 'Note'",
        "not translated: 'Retry'",
        "not translated: ('%(count)s step', '%(count)s steps')",
        "the code has it no more: 'Gone'",
    ]


def test_the_console_speaks_the_language_that_the_browser_asks_for() -> None:
    browser = Client(headers={"accept-language": "nl"})

    page = browser.get("/admin/login/")

    assert page.headers["Content-Language"] == "nl"
    assert '<html lang="nl"' in page.text
    assert "Wachtwoord:" in page.text


def test_the_api_answers_in_english_whatever_the_client_asks_for() -> None:
    client = Client(headers={"accept-language": "nl"})
    client.get("/admin/login/")  # The same thread then answers for the API.

    answer = client.get("/api/processes/")

    assert answer.json()["detail"] == "Authentication credentials were not provided."


def test_every_text_of_a_template_can_be_translated() -> None:
    found = {
        path.relative_to(BASE / "templates").as_posix(): texts
        for path in bare_texts.templates(BASE)
        if (texts := list(bare_texts.in_template(path.read_text())))
    }

    assert found == {}


def test_every_title_and_message_of_a_view_can_be_translated() -> None:
    found = {
        path.relative_to(BASE).as_posix(): lines
        for path in BASE.glob("*_app/console/**/*.py")
        if (lines := list(bare_texts.in_view(path.read_text())))
    }

    assert found == {}


def test_every_text_has_a_translation_into_every_language() -> None:
    assert {path: translations.problems(path) for path in translations.catalogues()} == {
        path: [] for path in translations.catalogues()
    }


def test_no_style_sheet_says_anything() -> None:
    found = {
        path.name: match
        for path in BASE.glob("*_app/static/**/*.css")
        for match in re.findall(r'content: "[^"]*[A-Za-z]{2,}[^"]*"', path.read_text())
    }

    assert found == {}


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("<p>Retry {{ name }}</p>", ["Retry"]),
        ('<p title="Now">{% translate "Retry" %} <code>up</code></p>', ["title='Now'"]),
        ("{% blocktranslate %}By {{ who }}{% endblocktranslate %} · 12 min", []),
        ('{% include "a.html" with none="No other one." at="x" %}', ["No other one."]),
        ('{% include "a.html" with none=_("No other one.") %}', []),
        ('{{ who|default:"somebody" }} {{ n|pluralize }}', ['|default:"somebody"', "|pluralize"]),
        ("{% comment %}Not shown{% endcomment %}{# Nor this #}", []),
    ],
)  # fmt: skip
def test_a_bare_text_is_found(template: str, texts: list[str]) -> None:
    assert list(bare_texts.in_template(template)) == texts


def test_the_sentences_of_refused_answers_are_there_for_translators() -> None:
    assert set(errors.SAID) == {each.__doc__ for each in errors.CallbackError.__subclasses__()}


def test_a_catalogue_that_cannot_be_read_is_named_and_does_not_stop_the_others(
    catalogue: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "locale/double-dutch/LC_MESSAGES/django.po"
    wrong.parent.mkdir(parents=True)
    wrong.write_text(HEADER)

    refused = translations.compile_stale()

    assert [path for path, _error in refused] == [wrong]
    assert catalogue.with_suffix(".mo").exists()
    assert not list(wrong.parent.glob("*.mo*"))
    with pytest.raises(CommandError, match="double-dutch"):
        call_command("translations")


def test_apps_that_are_installed_keep_the_translations_that_they_bring() -> None:
    found = [path.relative_to(BASE).as_posix() for path in translations._of_apps()]

    assert found == ["orchestrator_project/locale/nl/LC_MESSAGES/django.po"]
