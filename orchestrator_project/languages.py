"""The console speaks the reader's language; the API, and whatever is stored, English."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.urls import reverse
from django.utils import translation


class ConsoleLanguage(LocaleMiddleware):
    """Take the language that a cookie or the browser asks for, on the console's pages only."""

    def process_request(self, request: HttpRequest) -> None:
        if speaks_to_people(request):
            super().process_request(request)
        else:
            translation.activate(settings.LANGUAGE_CODE)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        return (
            super().process_response(request, response) if speaks_to_people(request) else response
        )


def speaks_to_people(request: HttpRequest) -> bool:
    """Whether the address is one of the console's or the admin's."""
    return request.path_info.startswith(reverse("admin:index"))
