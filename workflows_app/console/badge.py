"""The badge in the header, asked for again by every open page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from workflows_app.console.needs import badge
from workflows_app.console.pages import fragment_view, unchanged


@fragment_view
@require_GET
def needs_you(request: HttpRequest) -> HttpResponse:
    """Return how many forms wait for the reader; 304 if the browser shows that number."""
    shown = badge(request.user)
    not_modified = unchanged(request, shown["tag"])
    if not_modified:
        return not_modified
    response = render(request, "workflows/needs_you.html", {"needs": shown})
    response["ETag"] = f'"{shown["tag"]}"'
    return response
