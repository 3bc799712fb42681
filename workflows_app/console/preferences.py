"""The page on which users choose their language and time zone, and whether keys are shortcuts."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods

from workflows_app.console.pages import page
from workflows_app.models import Preferences

TIME_ZONE_COOKIE = "time_zone"
_NO_PLACES = frozenset({"Factory", "localtime"})


class PreferencesForm(forms.Form):
    """A user's choices; an empty one is left to the browser."""

    language = forms.CharField(required=False, max_length=10)
    time_zone = forms.CharField(required=False, max_length=64)
    shortcuts = forms.BooleanField(required=False)

    def clean_language(self) -> str:
        language = str(self.cleaned_data["language"])
        if language and language not in languages():
            raise ValidationError(_("The console is not written in that language."))
        return language

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        if zone and zone not in time_zones():
            raise ValidationError(
                _("There is no time zone “%(name)s”. Choose one of the list, such as %(example)s.")
                % {"name": zone, "example": "Europe/Amsterdam"}
            )
        return zone


@admin.site.admin_view
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show the user's choices, and keep new ones."""
    if request.method != "POST":
        chosen = model_to_dict(preferences_of(request))
        return _show(request, PreferencesForm(initial=chosen))
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=400)
    saved, _made = Preferences.objects.update_or_create(
        pk=request.user.pk, defaults=form.cleaned_data
    )
    with translation.override(saved.language or translation.get_language()):
        messages.success(request, _("Your preferences are saved."))
    return redirect("workflows:preferences")


def preferences_of(request: HttpRequest) -> Preferences:
    """Return the choices of whoever is signed in, read once for a request."""
    known = getattr(request, "preferences", None)
    if isinstance(known, Preferences):
        return known
    found = None
    if request.user.is_authenticated:
        found = Preferences.objects.filter(pk=request.user.pk).first()
    chosen = found or Preferences(pk=request.user.pk)
    request.preferences = chosen  # type: ignore[attr-defined]
    return chosen


def languages() -> Mapping[str, str]:
    """Return the languages of the console, by code."""
    return dict(settings.LANGUAGES)


@cache
def time_zones() -> frozenset[str]:
    """Return the names of the time zones that this host knows."""
    return frozenset(available_timezones() - _NO_PLACES)


def _show(request: HttpRequest, form: PreferencesForm, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "title": gettext_lazy("Preferences"),
        "form": form,
        "languages": languages(),
        "time_zones": sorted(time_zones()),
    }
    return page(request, "workflows/preferences.html", context, status=status)
