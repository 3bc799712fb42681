"""A rendered page as a browser sees it: its controls, and what submitting them would post."""

from html.parser import HTMLParser

from django.http import QueryDict
from django.template.loader import render_to_string

from workflows_app.wizard import Page, page_form


class Rendered(HTMLParser):
    """The controls of some HTML, with the values they have before anyone touches them."""

    def __init__(self, html):
        super().__init__()
        self.html = html
        self.controls = []
        self.ids = []
        self.references = []
        self.text = []
        self._open = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.references += [attrs["for"]] if "for" in attrs else []
        self.references += (attrs.get("aria-describedby") or "").split()
        if attrs.get("href", "").startswith("#"):
            self.references.append(attrs["href"][1:])
        if tag in {"input", "select", "textarea", "button"}:
            self.controls.append({"tag": tag, "options": [], "text": "", **attrs})
        if tag == "option":
            self.controls[-1]["options"].append(attrs)
        self._open = tag

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        self.text.append(data)
        if self._open == "textarea":
            # A browser drops the first line break.
            self.controls[-1]["text"] += data.removeprefix("\n")

    def named(self, name):
        return [control for control in self.controls if control.get("name") == name]

    def one(self, name):
        (control,) = self.named(name)
        return control

    def post(self, **changes):
        """Return what a browser posts after the changes; None clears, a list chooses."""
        post = QueryDict(mutable=True)
        for control in self.controls:
            if control["tag"] != "button" and "name" in control:
                values = [*post.getlist(control["name"]), *_values(control)]
                post.setlist(control["name"], values)
        for name, value in changes.items():
            chosen = value if isinstance(value, list) else [] if value is None else [value]
            post.setlist(name if name in CONTROLS else f"page-{name}".replace("__", "-"), chosen)
        return post


CONTROLS = {"back", "change", "open", "pages", "send"}


def _values(control):
    if control["tag"] == "textarea":
        return [control["text"].replace("\n", "\r\n")]
    if control["tag"] == "select":
        chosen = [option["value"] for option in control["options"] if "selected" in option]
        plain = control["options"] and "multiple" not in control
        return chosen or ([control["options"][0]["value"]] if plain else [])
    if control.get("type") in {"checkbox", "radio"}:
        return [control.get("value", "on")] if "checked" in control else []
    return [control.get("value", "")]


def render(page, **context):
    """Return a page, or the first page that a page model makes, as a browser sees it."""
    if isinstance(page, type):
        page = Page(
            page_form(page),
            title="",
            description="",
            index=0,
            has_next=None,
            sends=True,
            at_least=1,
            buttons={},
            pages_token="",
        )
    return Rendered(render_to_string("forms/page.html", {"page": page, **context}))
