"""What each person wants to hear of, and on which channel."""

from collections.abc import Mapping
from typing import Any

from workflows_app.models import Channel, NoticeChoice, NoticeKind, Scope

# Everybody is told in the browser of what waits for them; for the rest one asks.
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    NoticeKind.NEEDS_INPUT: {"browser": Scope.MINE, "tasks": True},
    NoticeKind.FAILED: {},
    NoticeKind.FINISHED: {},
}


def default(user: Any, kind: str) -> NoticeChoice:
    """Return what holds for a person who has not chosen, unsaved."""
    return NoticeChoice(user=user, kind=kind, **DEFAULTS[kind])


def choices_of(user: Any) -> dict[str, NoticeChoice]:
    """Return the person's choice for every kind, in the order shown."""
    made = {choice.kind: choice for choice in NoticeChoice.objects.filter(user=user)}
    return {kind: made.get(kind) or default(user, kind) for kind in NoticeKind.values}


def scope_of(choice: NoticeChoice, channel: str) -> Scope:
    """Return of which processes the person wants to hear on ``channel``."""
    return Scope(getattr(choice, channel))


def choose(user: Any, kind: str, *, scopes: Mapping[Channel, Scope], tasks: bool) -> NoticeChoice:
    """Keep the person's choice for one kind."""
    values = {str(channel): scope for channel, scope in scopes.items()} | {"tasks": tasks}
    choice, _created = NoticeChoice.objects.update_or_create(
        user=user, kind=kind, defaults=values, create_defaults={**DEFAULTS[kind], **values}
    )
    return choice
