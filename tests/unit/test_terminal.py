"""Remote output as a terminal: colours survive, everything that a terminal would obey does not."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from hypothesis import given, strategies as st

from workflows_app.console.sentences import progress_text
from workflows_app.console.terminal import (
    LONGEST,
    MOST_COLOURS,
    MOST_LINES,
    Output,
    one_line,
    output_of,
    reported,
    taken_apart,
)
from workflows_app.console.values import shown
from workflows_app.templatetags.console import progress

PLAY = "\x1b[0;32mok: [r1] => {\x1b[0m\n\x1b[0;31mfatal: [r2]\x1b[0m"


class Page(HTMLParser):
    """What a browser makes of the terminal: its elements and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.said = ""
        self.open = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, attributes))
        self.open += 1

    def handle_endtag(self, tag):
        self.open -= 1

    def handle_data(self, data):
        self.said += data


def page(text: str) -> Page:
    return Page(Output(text.split("\n")).html)


def test_colours_are_classes():
    assert Output(PLAY.split("\n")).html == (
        '<span class="ansi32">ok: [r1] =&gt; {</span>\n<span class="ansi31">fatal: [r2]</span>'
    )


@pytest.mark.parametrize(
    ("sent", "classes"),
    [
        ("\x1b[1;4;3mx", "ansi1 ansi3 ansi4"),
        ("\x1b[38;5;196mx", "ansi91"),
        ("\x1b[38;5;2mx", "ansi32"),
        ("\x1b[38;5;12mx", "ansi94"),
        ("\x1b[38;5;240mx", "ansi37"),
        ("\x1b[38;5;9999mx", "ansi97"),
        ("\x1b[38;2;0;0;150mx", "ansi34"),
        ("\x1b[38;2;9;9;9mx", "ansi30"),
        ("\x1b[48;2;255;255;0mx", "ansi103"),
        ("\x1b[7mx", "ansi100"),
        ("\x1b[93mx", "ansi93"),
        ("\x9b31mx", "ansi31"),
    ],
)
def test_any_colour_becomes_one_of_sixteen(sent, classes):
    assert Output([sent]).html == f'<span class="{classes}">x</span>'


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("10 %\r50 %\r\x1b[2K100 %\r", "100 %"),
        ("\x1b[2J\x1b[10;20Hover\x1b[A\x1b[3Dhere\x1b[?25l", "overhere"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never closed", ""),
        ("\x9d0;a title\x07text", "text"),
        ("\x1bPq#0\x1b\\text\x1b(0\x1b=\x1bc", "text"),
        ("a\x00b\x07c\x0b\x0c\x7f\x85", "abc"),
        ("ab\x08c", "ac"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("\x1b[8mhidden\x1b[5m", "hidden"),
        ("\x1b[38;5mx\x1b[38;2;1mx\x1b[38mx\x1b[;;mx", "xxxx"),
        (f"\x1b[{'9' * 5000}mx\x1b[31", "x"),
        ("\ttab", "\ttab"),
    ],
)
def test_what_a_terminal_would_obey_is_dropped(sent, said):
    assert page(sent).said == said
    assert Output([sent]).text == f"{said}\n"


def test_markup_is_text():
    said = """<script>alert(1)</script>&amp;<img src=x onerror="x">'"""

    assert page(f"\x1b[31m{said}").elements == [("span", [("class", "ansi31")])]
    assert page(f"\x1b[31m{said}").said == said


@given(
    st.lists(
        st.sampled_from(["\x1b[", "\x1b]8;;", "31", ";", "m", "A", "\x07", "\r", "\x9b", "\x1b\\"])
        | st.text(max_size=3),
        max_size=30,
    ).map("".join)
)
def test_whatever_is_sent_only_spans_with_a_colour_and_printable_text_arrive(sent):
    output = Output(sent.split("\n"))

    found = Page(output.html)

    for tag, attributes in found.elements:
        assert tag == "span"
        assert [name for name, _ in attributes] == ["class"]
        assert re.fullmatch(r"(ansi\d{1,3} ?)+", attributes[0][1] or "")
    assert found.open == 0
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", found.said)
    assert found.said + "\n" == output.text


@pytest.mark.parametrize("sent", ["\x1b[31m", "\x1b]", "\x1b[1;", "a\x08", "\x1b", "\x1b[3", "x"])
def test_a_megabyte_of_anything_is_bounded(sent):
    output = Output([sent * (1024 * 1024 // len(sent)), "end"])

    assert len(output.html) < 4 * LONGEST
    assert output.last == "end"


def test_too_many_colours_are_none():
    line = "\x1b[31mx" * (MOST_COLOURS + 1)

    assert Output([line]).html == "x" * (MOST_COLOURS + 1)


def test_a_page_carries_the_last_lines_and_says_how_many_are_missing():
    many = Output([f"line {n}" for n in range(MOST_LINES + 7)])
    wide = Output(["x" * LONGEST] * 3)

    assert (many.hidden, many.shown[0], many.last) == (7, "line 7", f"line {MOST_LINES + 6}")
    assert len(many.text.splitlines()) == MOST_LINES + 7
    assert wide.hidden == 1


@pytest.mark.parametrize(
    "value",
    [
        ["a\n", "b\r\n"],
        "a\nb\n",
        {"lines": ["a", "b"]},
        {"percent": 4, "message": "m", "lines": "a\nb"},
        {"job_id": "1", "output": ["a", "b"]},
        {"job_id": "1", "stdout": "a\nb"},
        {"progress": ["a", "b"]},
    ],
)
def test_reports_of_every_shape_are_output(value):
    output = progress(value).output

    assert output is not None
    assert output.text == "a\nb\n"


def test_what_else_is_reported_stays():
    report = progress({"percent": 4.25, "message": "\x1b[1mTASK", "lines": ["a"], "job_id": "7"})

    assert (report.percent, report.message) == ("4.2", "TASK")
    assert '"job_id": "7"' in report.text
    assert progress("configuring").text == "configuring"
    assert progress({"percent": 0, "lines": []}).text == ""
    assert progress({"step": 3}).text == '{\n  "step": 3\n}'
    assert progress(7).text == "7"


@pytest.mark.parametrize(
    ("value", "is_output"),
    [
        (["ams1", "ams2"], False),
        ([f"ams{n}" for n in range(50)], False),
        ([f"line {n}" for n in range(50)], True),
        (["\x1b[31mred", "x"], True),
        (["\x1b[31mred"], False),
        ("a line\n" * 50, True),
        ("two\nlines", False),
        ("\x1b[31mred", True),
        ([1, 2], False),
        ([], False),
        (None, False),
    ],
)
def test_a_value_is_output_if_it_is_coloured_or_long(value, is_output):
    assert (output_of(value) is not None) == is_output
    assert (shown(value).output is not None) == is_output


def test_a_result_that_holds_output_is_both():
    value = shown({"return_code": 2, "output": ["\x1b[31mfatal <b>\x1b[0m", ""]})

    assert value.output is not None
    assert value.brief == "fatal <b>"
    assert "return_code" in value.text
    assert "fatal" not in value.text


def test_a_sentence_has_the_last_line_without_colours():
    assert progress_text(PLAY) == "fatal: [r2]"
    assert progress_text([PLAY]) == "fatal: [r2]"
    assert progress_text({"percent": 3, "message": "\x1b[31mTASK\x1b[0m"}) == "3 % TASK"
    assert progress_text({"output": ["a", "b"]}) == "b"
    assert one_line("\x1b]0;title\x07plain") == "plain"
    assert taken_apart({"a": 1}) == (None, {"a": 1})
    assert reported({"a": 1}) is None


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rgb`` or ``#rrggbb``. Source: WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_is_legible_on_every_background():
    found = finders.find("workflows_app/terminal.css")
    assert isinstance(found, str)
    css = Path(found).read_text().partition("@media print")[0]
    colours = dict(re.findall(r"\.ansi(\d+) \{ color: (#\w+); \}", css))
    backgrounds = dict(re.findall(r"\.ansi(\d+) \{ background: (#\w+); \}", css))
    own = re.search(r"pre\.wc-terminal \{ background: (#\w+); color: (#\w+);", css)
    assert own is not None

    assert {int(code) for code in colours} == {*range(30, 38), *range(90, 98)}
    assert {int(code) for code in backgrounds} == {*range(40, 48), *range(100, 108)}
    for background in (own[1], *backgrounds.values()):
        for colour in (own[2], *colours.values()):
            light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (colour, background)
