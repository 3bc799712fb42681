"""An author's Markdown: what becomes of it, and what never does."""

import pytest

from tests.labels import label
from workflows_app.wizard.prose import prose


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("plain", "<p>plain</p>"),
        ("# one\n\n### three", "<h3>one</h3><h3>three</h3>"),
        ("*a* **b** `c<`", "<p><em>a</em> <strong>b</strong> <code>c&lt;</code></p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("> a", "<blockquote><p>a</p></blockquote>"),
        ("a  \nb\nc", "<p>a<br>b c</p>"),
        ("---", "<hr>"),
        ("```\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
        (
            "|a|\n|:-:|\n|b|",
            '<table><thead><tr><th scope="col">a</th></tr></thead>'
            "<tbody><tr><td>b</td></tr></tbody></table>",
        ),
        ("{x} {0} %(y)s", "<p>{x} {0} %(y)s</p>"),
    ],
    ids=label,
)
def test_markdown_becomes_a_few_elements(text, html):
    assert prose(text) == html


def test_a_link_leads_to_the_web_in_a_window_of_its_own():
    assert prose("[a](https://example.org/?x=1&y=2)") == (
        '<p><a href="https://example.org/?x=1&amp;y=2" target="_blank" rel="noopener noreferrer">'
        "a</a></p>"
    )


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](data:text/html,x)",
        "[a](vbscript:x)",
        "<javascript:alert(1)>",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![picture](https://example.org/x.png)",
        "<div style='color:red'>",
        "`<script>`",
        "[<script>](https://example.org)",
        '[a](https://example.org "<script>")',
        "&lt;script&gt;",
    ],
    ids=label,
)
def test_no_markup_comes_out_that_the_text_brought_in(text):
    html = prose(text)

    for danger in ("<script", "<img", "<div", "style='", 'href="javascript', 'href="data'):
        assert danger not in html.lower()


@pytest.mark.parametrize("address", ["ftp://example.org", "tel:1", "x.html", "ssh://root@router"])
def test_an_address_that_is_not_of_the_web_is_no_link(address):
    assert prose(f"[a]({address})") == "<p>a</p>"
