"""What a remote system printed, as a terminal shows it: its colours, and nothing that moves.

Only colours, bold, italic and underlined text survive. A progress bar that returned to the start
of its line is shown as it was last; titles, links, moves of the cursor, characters that turn the
direction of text and everything else that a terminal would obey are dropped, and no text is hidden.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ansi2html import Ansi2HTMLConverter
from django.utils.safestring import SafeString, mark_safe

from workflows_app.json_values import JSON

MOST_LINES = 500  # Of one output, that a page carries.
LONGEST = 100_000  # Characters, likewise.
MOST_COLOURS = 5_000  # Changes of colour; with more of them there are none.
MANY_LINES = 10  # From here on text without colours is taken for output too.
KEYS = ("lines", "output", "stdout", "stderr", "progress", "log")  # What reports call it.

_INTRODUCERS = {  # The same in one character, of 8-bit terminals.
    0x90: "\x1bP",
    0x98: "\x1bX",
    0x9B: "\x1b[",
    0x9D: "\x1b]",
    0x9E: "\x1b^",
    0x9F: "\x1b_",
}
_SEQUENCE = re.compile(
    r"\x1b\[(?P<style>[0-9;:]{0,64})m"
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # Other control sequences, unfinished ones too.
    r"|\x1b[]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # Titles, links and other strings.
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_ERASED = re.compile(r"[^\n\x08\x1b]\x08")
_STYLES = frozenset({0, 1, 3, 4, 22, 23, 24, 39, 49, *range(30, 38), *range(40, 48)})
_BRIGHT = frozenset({*range(90, 98), *range(100, 108)})
_NEGATIVE = {7: 100, 27: 49}  # Shown as a background, so that what is written stays legible.
_CUBE = (0, 95, 135, 175, 215, 255)


@dataclass(frozen=True)
class Output:
    """The lines of one output as they were sent, and what becomes of them."""

    sent: Sequence[str]

    @cached_property
    def shown(self) -> list[str]:
        """The last lines, as many as a page carries, with their colours."""
        room, lines = LONGEST, []
        for line in reversed(self.sent[-MOST_LINES:]):
            lines.append(_clean(line[:LONGEST]))
            room -= len(lines[-1])
            if room < 0:
                break
        return lines[::-1]

    @property
    def hidden(self) -> int:
        """How many lines there are before those."""
        return len(self.sent) - len(self.shown)

    @property
    def html(self) -> SafeString:
        """The last lines as HTML whose only elements are spans with a class."""
        text = "\n".join(self.shown)
        if text.count("\x1b") > MOST_COLOURS:
            text = _plain(text)
        markup = Ansi2HTMLConverter(inline=False).convert(text, full=False)
        return mark_safe(markup)  # noqa: S308 - escaped there; sequences were cleaned before.

    @property
    def text(self) -> str:
        """All of it, without colours."""
        return "".join(f"{_plain(_clean(line))}\n" for line in self.sent)

    @property
    def last(self) -> str:
        """The last line that says something."""
        return next(filter(None, (_plain(line).strip() for line in reversed(self.shown))), "")


def output_of(value: JSON) -> Output | None:
    r"""Return the output that ``value``, text or lines, looks like: coloured, or long.

    >>> output_of(["ams1", "ams2"])
    >>> output_of("\x1b[31mno light").last
    'no light'
    """
    found = reported(value)
    if found is None or (isinstance(value, list) and len(value) == 1):
        return None
    coloured = any("\x1b[" in line for line in found.sent)
    spoken = len(found.sent) >= MANY_LINES and any(" " in line.strip() for line in found.sent)
    return found if coloured or spoken else None


def reported(value: JSON) -> Output | None:
    """Return the output that a remote system reports as text of several lines, or as lines."""
    if isinstance(value, str) and ("\n" in value.rstrip("\n") or "\x1b" in value):
        return Output(_lines(value))
    if not isinstance(value, list) or not any(isinstance(item, str) for item in value):
        return None
    if not all(isinstance(item, str | int | float) for item in value):
        return None
    return Output([line for item in value for line in _lines(str(item))])


def taken_apart(value: JSON) -> tuple[Output | None, JSON]:
    """Return the output in ``value``, or under one of its keys, and what is left of ``value``.

    >>> taken_apart({"rc": 0, "output": ["one", "two"]})[1]
    {'rc': 0}
    """
    if not isinstance(value, dict):
        output = output_of(value)
        return (None, value) if output is None else (output, None)
    for key in KEYS:
        if (output := reported(value.get(key))) is not None:
            return output, {name: item for name, item in value.items() if name != key}
    return None, value


def any_output(value: JSON) -> Output | None:
    """Return the output that is ``value`` or is in it."""
    return reported(value) or taken_apart(value)[0]


def one_line(value: JSON) -> str:
    """Return what ``value`` says last, on one line and without colours."""
    output = any_output(value)
    if output is not None:
        return output.last
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _plain(_clean(text))


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def _clean(line: str) -> str:
    """Return the line as it was last, with colours only."""
    line = line.rstrip("\r").rpartition("\r")[2].translate(_INTRODUCERS)
    return _SEQUENCE.sub(_kept, _ERASED.sub("", line))


def _plain(clean: str) -> str:
    return _SEQUENCE.sub("", clean)


def _kept(sequence: re.Match[str]) -> str:
    """Return what is left of a sequence: the styles that are shown."""
    if sequence["style"] is None:
        return ""
    codes = [int(code or 0) for code in re.split("[;:]", sequence["style"])]
    kept = ";".join(str(code) for code in _shown_codes(codes))
    return f"\x1b[{kept}m" if kept else ""


def _shown_codes(codes: list[int]) -> Iterator[int]:
    while codes:
        code = codes.pop(0)
        if code in (38, 48):
            colour = _named(codes)
            if colour is not None:
                yield colour + code - 38
        elif code in _STYLES or code in _BRIGHT:
            yield code
        elif code in _NEGATIVE:
            yield _NEGATIVE[code]


def _named(codes: list[int]) -> int | None:
    """Take one of many colours off ``codes``; return the foreground that is nearest to it."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        return _of_palette(min(codes.pop(0), 255))
    if kind == 2 and len(codes) >= 3:
        red, green, blue = (min(codes.pop(0), 255) for _ in range(3))
        return _nearest(red, green, blue)
    return None


def _of_palette(number: int) -> int:
    if number < 16:
        return 30 + number if number < 8 else 82 + number
    if number > 231:
        grey = 8 + 10 * (number - 232)
        return _nearest(grey, grey, grey)
    place = number - 16
    return _nearest(_CUBE[place // 36], _CUBE[place // 6 % 6], _CUBE[place % 6])


def _nearest(red: int, green: int, blue: int) -> int:
    """Return the one of sixteen colours with the same hue, bright or not."""
    most = max(red, green, blue)
    parts = sum(1 << bit for bit, part in enumerate((red, green, blue)) if part * 3 > most * 2)
    if most < 64:
        return 30
    return (90 if most > 191 else 30) + parts
