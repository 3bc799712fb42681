"""An author's Markdown as HTML, of a few elements and of nothing that the text itself brings.

The text may have a state's values in it. So its HTML is text like any other, pictures are links,
links lead to the web only, and every tag is one of those below.
"""

from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
_TAGS: Final = {
    "blockquote": "blockquote",
    "bullet_list": "ul",
    "code_inline": "code",
    "em": "em",
    "heading": "h3",  # A page's own title is an h2.
    "list_item": "li",
    "ordered_list": "ol",
    "paragraph": "p",
    "strong": "strong",
    "table": "table",
    "tbody": "tbody",
    "td": "td",
    "thead": "thead",
    "tr": "tr",
}
_WEB: Final = ("https://", "http://", "mailto:", "/")


def prose(text: str) -> SafeString:
    """Return the Markdown as HTML."""
    return _inside(SyntaxTreeNode(_PARSER.parse(text)))


def _inside(node: SyntaxTreeNode) -> SafeString:
    if node.children or node.is_root:
        return format_html_join("", "{}", ((_html(child),) for child in node.children))
    return format_html("{}", node.content)


def _html(node: SyntaxTreeNode) -> SafeString:
    match node.type:
        case "fence" | "code_block":
            return format_html("<pre><code>{}</code></pre>", node.content)
        case "hr":
            return format_html("<{}>", "hr")
        case "hardbreak":
            return format_html("<{}>", "br")
        case "softbreak":
            return format_html("{}", " ")
        case "th":
            return format_html('<th scope="col">{}</th>', _inside(node))
        case "link":
            return _link(node)
    tag = "" if node.hidden else _TAGS.get(node.type, "")
    return format_html("<{0}>{1}</{0}>", tag, _inside(node)) if tag else _inside(node)


def _link(node: SyntaxTreeNode) -> SafeString:
    address = str(node.attrs.get("href", ""))
    if not address.startswith(_WEB):
        return _inside(node)
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', address, _inside(node)
    )
