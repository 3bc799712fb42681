"""One callback: where it stands, what came back, who tried; and the part that is polled."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from callbacks_app import by_hand, expected
from callbacks_app.console.address import Example, examples
from callbacks_app.console.consequences import WORDS
from callbacks_app.console.pages import callback_fragment, callback_view
from callbacks_app.console.words import look, outcome, sentence, way
from callbacks_app.errors import UnknownToken
from callbacks_app.models import CallbackAttempt, CallbackToken
from callbacks_app.options import options_of
from workflows_app.console.consequences import Words
from workflows_app.console.outputs import as_text
from workflows_app.console.pages import page, tag_of, unchanged
from workflows_app.console.sentences import Look, Sentence
from workflows_app.console.step_names import step_name
from workflows_app.console.terminal import any_output
from workflows_app.console.values import Shown, pretty, shown
from workflows_app.masking import masked

MOST_SHOWN = 200  # Requests.


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the log."""

    row: CallbackAttempt
    outcome: str
    way: str
    payload: Shown | None


@dataclass
class View:
    """What the page shows of a callback, to one user."""

    callback: CallbackToken
    user: Any
    now: datetime

    @cached_property
    def step(self) -> str:
        return step_name(self.callback.process, self.callback.path)

    @property
    def look(self) -> Look:
        return look(self.callback)

    @property
    def sentence(self) -> Sentence:
        return sentence(self.callback, self.now)

    @property
    def live(self) -> bool:
        """Whether anything can still change: if not, the page stops asking."""
        return self.open or not self.callback.process.is_final

    @property
    def open(self) -> bool:
        return self.callback.operation_status == "started"

    @cached_property
    def may_answer(self) -> bool:
        return by_hand.may(self.user, self.callback)

    @property
    def examples(self) -> list[Example]:
        return list(examples(self.callback))

    @property
    def signature(self) -> str:
        return options_of(self.callback).signature

    @property
    def heard_at(self) -> datetime:
        return self.callback.progress_at or self.callback.created_at

    @property
    def silent(self) -> bool:
        """Whether more than half of the longest silence that is allowed has gone by."""
        longest = self.callback.heartbeat if self.callback.heartbeat_due_at else None
        return longest is not None and self.now - self.heard_at > longest / 2

    @cached_property
    def overrulable(self) -> bool:
        return by_hand.can_be_overruled(self.callback)

    @cached_property
    def actions(self) -> list[tuple[str, Words]]:
        return [(verb, WORDS[verb]) for verb in by_hand.allowed(self.user, self.callback)]

    @cached_property
    def may_adopt(self) -> bool:
        """Whether a late result could be taken now."""
        newest = by_hand.newest(self.callback)
        return "complete" in by_hand.allowed(self.user, newest)

    @property
    def result(self) -> Shown | None:
        return shown(self.callback.result) if self.callback.status == "succeeded" else None

    @property
    def error(self) -> Shown | None:
        return shown(self.callback.error) if self.callback.error else None

    @cached_property
    def schema(self) -> str:
        schema = expected.schema_of(self.callback)
        return pretty(schema) if schema else ""

    @cached_property
    def requests(self) -> list[Request]:
        rows = self.callback.attempts.order_by("-last_at", "-pk")[:MOST_SHOWN]
        return [
            Request(
                row=row,
                outcome=outcome(row.outcome),
                way=way(row.via),
                payload=shown(row.payload) if row.adoptable else None,
            )
            for row in rows
        ]

    @cached_property
    def tag(self) -> str:
        """An entity tag: it changes when the page would. One query beside the callback's."""
        row, process = self.callback, self.callback.process
        moved = (process.status, process.next_step, row.status, row.deadline_at, row.paused)
        requests = [(request.row.pk, request.row.times) for request in self.requests]
        heard = (row.heartbeat_due_at, row.progress, row.progress_at, self.silent)
        return tag_of(moved, heard, requests)


@callback_view
@require_GET
def callback(request: HttpRequest, *, callback_id: str) -> HttpResponse:
    """Show a callback."""
    view = View(by_hand.find(callback_id), request.user, timezone.now())
    context = {
        "title": _("Callback of %(step)s") % {"step": view.step},
        "view": view,
        "callback": view.callback,
    }
    return page(request, "callbacks/callback.html", context)


@callback_fragment
@require_GET
def live(request: HttpRequest, *, callback_id: str) -> HttpResponse:
    """Return the part of the page that changes by itself; 304 if the browser has it."""
    return _fragment(request, callback_id, "callbacks/live.html")


@callback_fragment
@require_GET
def panel(request: HttpRequest, *, callback_id: str) -> HttpResponse:
    """Return one of several callbacks for the panel of its process; 304 if it is there."""
    return _fragment(request, callback_id, "callbacks/item.html")


@callback_view
@require_GET
def output(request: HttpRequest, *, callback_id: str) -> HttpResponse:
    """Return the output of the latest report, or else of the answer, as plain text."""
    row = by_hand.find(callback_id)
    told = row.result if row.progress is None else row.progress
    found = any_output(masked(told))
    if found is None:
        raise UnknownToken(_("There is no output."))
    return as_text(request, found, name=row.public_id)


def _fragment(request: HttpRequest, callback_id: str, template: str) -> HttpResponse:
    view = View(by_hand.find(callback_id), request.user, timezone.now())
    not_modified = unchanged(request, view.tag)
    if not_modified:
        return not_modified
    response = render(request, template, {"view": view, "callback": view.callback})
    response["ETag"] = f'"{view.tag}"'
    return response


__all__ = ["callback", "live", "output", "panel"]
