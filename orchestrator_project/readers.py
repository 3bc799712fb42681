"""Pages are in the reader's language and time zone; what is not a page is in neither.

What a user chose under Preferences comes first, then what the browser says (its time zone in a
cookie that ``console.js`` sets), then the settings. The language of the browser is the business of
``languages``, which runs before.
"""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation

from orchestrator_project.languages import speaks_to_people
from workflows_app.console.preferences import (
    TIME_ZONE_COOKIE,
    languages,
    preferences_of,
    time_zones,
)


class ReaderPreferences:
    """Activate language and time zone for a page, at the cost of one query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        timezone.deactivate()
        if speaks_to_people(request):
            self._activate(request)
        return self.get_response(request)

    def _activate(self, request: HttpRequest) -> None:
        chosen = preferences_of(request)
        if chosen.language in languages():
            translation.activate(chosen.language)
        zone = chosen.time_zone or request.COOKIES.get(TIME_ZONE_COOKIE, "")
        if zone in time_zones():
            timezone.activate(ZoneInfo(zone))
