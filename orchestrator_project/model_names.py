"""Models, fields and choices are called in the admin what the code calls them, in any language.

Django makes their names of the code where it gives none (``created_at`` is "created at"), in
English. Here those names become texts like all others, with a place in every catalogue.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db.models import Field, Model
from django.utils.translation import gettext_lazy, override

OURS = ("callbacks_app", "workflows_app")
SHOWN = (*OURS, "django_q")  # The admin shows this one's registers, which ask for translations.


def localize() -> None:
    """Let the names follow the reader's language. Migrations do not know them, so none changes."""
    with override(None, deactivate=True):
        for model in _models(OURS):
            options = model._meta
            options.verbose_name = _lazy(options.verbose_name)
            options.verbose_name_plural = _lazy(options.verbose_name_plural)
            for field in _fields(model):
                field.verbose_name = _lazy(field.verbose_name)
                field.help_text = _lazy(field.help_text)
                if field.choices:
                    field.choices = [(value, _lazy(name)) for value, name in field.choices]


def texts() -> Iterator[str]:
    """Yield all that the admin calls models, fields and choices, in English."""
    with override(None, deactivate=True):
        for model in _models(SHOWN):
            yield str(model._meta.verbose_name)
            yield str(model._meta.verbose_name_plural)
            for field in _fields(model):
                yield str(field.verbose_name)
                yield str(field.help_text)
                yield from (str(name) for _value, name in field.choices or ())


def _lazy(text: object) -> Any:
    return gettext_lazy(str(text)) if text else ""


def _models(labels: Iterable[str]) -> Iterator[type[Model]]:
    for label in labels:
        yield from apps.get_app_config(label).get_models()


def _fields(model: type[Model]) -> Iterator["Field[object, object]"]:
    yield from model._meta.local_fields
    yield from model._meta.local_many_to_many
