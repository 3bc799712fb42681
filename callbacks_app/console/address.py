"""The address of a callback, shown to a person who asks for it, and how it is used by hand."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from callbacks_app import by_hand, expected, revealing
from callbacks_app.console.pages import callback_view
from callbacks_app.models import CallbackToken
from callbacks_app.operations import EXAMPLES
from callbacks_app.options import options_of
from workflows_app import app_settings
from workflows_app.console.pages import page
from workflows_app.json_values import JSON

PLACEHOLDER = "TOKEN"


@dataclass(frozen=True, slots=True)
class Example:
    """One request, as a command to be copied."""

    title: str
    command: str


@callback_view
def reveal(request: HttpRequest, *, callback_id: str) -> HttpResponse:
    """Show the callback's address, once; asking again is another entry in the log."""
    if request.method != "POST":
        return redirect("callback_console:callback", callback_id=callback_id)
    callback = by_hand.find(callback_id)
    shown = revealing.reveal(callback, user=request.user, via="console")
    context = {
        "title": _("The callback's address"),
        "callback": callback,
        "address": shown.url,
        "examples": list(examples(callback, shown.url)),
        "signature": options_of(callback).signature,
    }
    if request.headers.get("HX-Request"):
        response = render(request, "callbacks/address.html", context)
    else:
        response = page(request, "callbacks/address_page.html", context)
    response["Cache-Control"] = "no-store"
    return response


def examples(callback: CallbackToken, url: str = "") -> Iterator[Example]:
    """Return the requests that the callback takes, with a placeholder unless ``url`` is given."""
    route = f"/api/processes/{callback.process_id}/callback/{PLACEHOLDER}"
    url = url or f"{app_settings.get('BASE_URL')}{route}"
    schema = expected.schema_of(callback)
    result = expected.skeleton(schema) if schema else EXAMPLES["callback_result"]
    yield Example(_("Result"), _curl(url, result))
    yield Example(_("Failure"), _curl(f"{url}/failure", EXAMPLES["callback_failure"]))
    yield Example(_("Progress"), _curl(f"{url}/progress", EXAMPLES["callback_progress"]))


def _curl(url: str, body: JSON) -> str:
    sent = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"curl -X POST {shlex.quote(url)} -H 'Content-Type: application/json' -d {sent}"
