"""Finds what a template or a view says that no translator will ever see."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from django.template.base import Lexer, Token, TokenType

LETTERS = re.compile(r"[^\W\d_]{2,}")
SPOKEN = ("title", "aria-label", "aria-description", "placeholder", "alt", "label", "data-label")
# Names and units, which are the same in every language.
SAME = {
    "min", "ms", "id", "API", "CSV", "JSON", "UTC", "curl", "Orchestrator", "nbsp", "KiB", "MiB",
    "wc",
}  # fmt: skip
VERBATIM = {"code", "pre", "script", "style", "kbd"}
_ADDRESS = re.compile(r"https?://\S*|\w*_?[0-9a-f]{4}…")
_LITERAL = re.compile(r'(?<!_\()"([^"]*)"')
_FILTERS = re.compile(r'\|(?:default|default_if_none|yesno|pluralize)\b(:\s*(?!_\()"[^"]*")?')
_IN_VIEWS = re.compile(
    r'"(?:title|trouble)": f?"[^{"]|messages\.(?:success|info|warning|error)\(\s*\w+, f?"'
)


def in_template(source: str) -> Iterator[str]:
    """Yield the bare texts of a template."""
    parser = _Parser()
    inside = ""  # A tag whose content is somebody else's business.
    for token in Lexer(source).tokenize():
        if inside:
            inside = "" if token.contents.startswith(f"end{inside}") else inside
        elif token.token_type == TokenType.TEXT:
            parser.feed(token.contents)
        elif token.token_type == TokenType.VAR:
            yield from _in_filters(token)
        elif token.token_type == TokenType.BLOCK:
            inside = _opened(token)
            yield from _in_tag(token)
    parser.close()
    yield from parser.found


def in_view(source: str) -> Iterator[str]:
    """Yield where a view shows a text that is not translated."""
    for number, line in enumerate(source.splitlines(), start=1):
        if _IN_VIEWS.search(line):
            yield f"line {number}: {line.strip()}"


def bare(text: str) -> bool:
    """Whether a text has words that are to be translated."""
    return any(word not in SAME for word in LETTERS.findall(_ADDRESS.sub("", text)))


def templates(base: Path) -> list[Path]:
    """Return every template of the project."""
    found = [*base.glob("templates/**/*"), *base.glob("*_app/templates/**/*")]
    return sorted(path for path in found if path.suffix in {".html", ".txt"})


def _opened(token: Token) -> str:
    name = token.contents.split()[0]
    return name if name in {"blocktranslate", "blocktrans", "comment", "verbatim"} else ""


def _in_tag(token: Token) -> Iterator[str]:
    name = token.contents.split()[0]
    if name in {"include", "with"}:
        for literal in _LITERAL.findall(token.contents):
            if " " in literal and bare(literal):
                yield literal
    yield from _in_filters(token)


def _in_filters(token: Token) -> Iterator[str]:
    for match in _FILTERS.finditer(token.contents):
        if match[0].startswith("|pluralize") or (match[1] and bare(match[1])):
            yield match[0]


class _Parser(HTMLParser):
    """Reads what is left when the tags of the template are taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VERBATIM:
            self.open.append(tag)
        self.found += [
            f"{name}={value!r}" for name, value in attrs if name in SPOKEN and bare(value or "")
        ]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            self.open.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self.open and bare(data):
            self.found.append(" ".join(data.split()))
