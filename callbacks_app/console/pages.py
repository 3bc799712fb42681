"""What the pages share: the console's guard, and refusals of callbacks in words."""

from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from callbacks_app.errors import CallbackError, NotPermitted, UnknownToken
from workflows_app.console.pages import View, console_view, fragment_view, refused, sentence
from workflows_app.errors import WorkflowError


def callback_view(view: View) -> View:
    """Ask for what the console asks for; say in words why something is refused."""
    return console_view(_spoken(view))


def callback_fragment(view: View) -> View:
    """Make a view for htmx to poll."""
    return fragment_view(_spoken(view))


def _spoken(view: View) -> View:
    @wraps(view)
    def spoken(request: HttpRequest, *, callback_id: str, **arguments: Any) -> HttpResponseBase:
        try:
            return view(request, callback_id=callback_id, **arguments)
        except UnknownToken as error:
            raise Http404(str(error)) from error
        except NotPermitted as error:
            return refused(request, str(error).rstrip("."), status=403)
        except (CallbackError, WorkflowError) as error:
            messages.error(request, sentence(error))
            return _go(request, reverse("callback_console:callback", args=[callback_id]))

    return spoken


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """Lead to another page, also when only a part of this one was asked for."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
