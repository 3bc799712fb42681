"""What a drawing shows of a definition that nothing has run of yet."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _, gettext_lazy

from workflows_app.console.graph.parts import Spot
from workflows_app.console.step_names import groups_of
from workflows_app.localized import localized

KINDS = {
    "input": gettext_lazy("form"),
    "callback": gettext_lazy("callback"),
    "timer": gettext_lazy("timer"),
    "condition": gettext_lazy("condition"),
}


def planned(definition: Iterable[Mapping[str, str]]) -> list[Spot]:
    """Return the steps of a definition kept as data, to be drawn."""
    return [
        Spot(
            path=step["path"],
            name=localized(step["name"]),
            kind=step["kind"],
            groups=groups_of(step["path"], step["name"]),
            until=step.get("until", ""),
            says=in_words(localized(step["name"]), step["kind"], ""),
        )
        for step in definition
    ]


def in_words(name: str, kind: str, status: str) -> str:
    """Return a step as its drawing's text says it: name, kind and status."""
    if kind in KINDS:
        name = _("%(name)s (%(kind)s)") % {"name": name, "kind": KINDS[kind]}
    return _("%(step)s: %(status)s") % {"step": name, "status": status} if status else name
