"""The widgets that Django lacks, and where all of them find their templates."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates
from django.template import loader
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy

# A checklist without items of its own.
LEGACY_ACCEPT = [[gettext_lazy("I have done this."), "checkbox"]]


class PageRenderer(DjangoTemplates):
    """Finds ``forms/…`` among the project's templates, and Django's own where Django has them."""

    def get_template(self, template_name: str) -> Any:
        if template_name.startswith("forms/"):
            return loader.get_template(template_name)
        return super().get_template(template_name)


class Ticked(str):
    """The verdict on a checklist that remembers what was ticked, for the page to show again."""

    ticks: frozenset[str]

    @classmethod
    def of(cls, ticks: frozenset[str], *, complete: bool) -> "Ticked":
        verdict = cls("ACCEPTED" if complete else "INCOMPLETE")
        verdict.ticks = ticks
        return verdict


class Checklist(forms.Widget):
    """The items of an ``Accept``: information, links, and boxes that all have to be ticked."""

    template_name = "forms/checklist.html"
    use_fieldset = True

    def __init__(self, items: list[Any] | None) -> None:
        super().__init__()
        self.items = [_item(str(at), *item) for at, item in enumerate(items or LEGACY_ACCEPT)]

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> Ticked:
        ticks = frozenset(data.getlist(name) if isinstance(data, MultiValueDict) else ())
        return Ticked.of(ticks, complete=self._is_complete(ticks))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, None, attrs)
        ticks = value.ticks if isinstance(value, Ticked) else self._ticks_of(value)
        context["invalid"] = "aria-invalid" in context["widget"]["attrs"]
        context["items"] = [{**item, "ticked": item["key"] in ticks} for item in self.items]
        return context

    def first_id(self, id_: str) -> str:
        """Return the id of the first box, for a link to lead to."""
        boxes = [item["key"] for item in self.items if item["is_box"]]
        return f"{id_}_{boxes[0]}" if boxes else id_

    def _is_complete(self, ticks: frozenset[str]) -> bool:
        skipped = any(item["kind"] == "skip" and item["key"] in ticks for item in self.items)
        return skipped or all(item["key"] in ticks for item in self.items if item["needed"])

    def _ticks_of(self, value: Any) -> frozenset[str]:
        if value != "ACCEPTED":
            return frozenset()
        return frozenset(item["key"] for item in self.items if item["needed"])


def _item(key: str, text: str, kind: str, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    is_box = "checkbox" in kind or kind == "skip"
    return {
        "key": key,
        "text": text,
        "kind": kind.strip(">?"),
        "facts": facts or {},
        "is_box": is_box,
        "needed": kind in {"checkbox", ">checkbox"},
        "optional": kind.endswith("?"),
        "indented": kind.startswith(">"),
        "href": text if kind == "url" and text.startswith(("https://", "http://")) else "",
    }
