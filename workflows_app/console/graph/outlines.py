"""The outline of a step in a drawing, by what kind of step it is: a shape, not a colour."""

from collections.abc import Callable, Mapping

CORNER, SLANT = 4, 8


def outline(kind: str, x: int, y: int, width: int, height: int) -> str:
    """Return the path of the outline of a step of that kind."""
    return _OUTLINES.get(kind, _rectangle)(x, y, width, height)


def _rounded(x: int, y: int, width: int, height: int, left: int, right: int) -> str:
    return (
        f"M{x + left} {y}h{width - left - right}a{right} {right} 0 0 1 {right} {right}"
        f"v{height - 2 * right}a{right} {right} 0 0 1 -{right} {right}h{left + right - width}"
        f"a{left} {left} 0 0 1 -{left} -{left}v{2 * left - height}"
        f"a{left} {left} 0 0 1 {left} -{left}z"
    )


def _rectangle(x: int, y: int, width: int, height: int) -> str:
    return _rounded(x, y, width, height, CORNER, CORNER)


def _terminal(x: int, y: int, width: int, height: int) -> str:
    return _rounded(x, y, width, height, height // 2, height // 2)


def _timer(x: int, y: int, width: int, height: int) -> str:
    """Draw a delay: round at its end only."""
    return _rounded(x, y, width, height, CORNER, height // 2)


def _form(x: int, y: int, width: int, height: int) -> str:
    """Draw what a person enters: slanted."""
    return f"M{x + SLANT} {y}h{width - SLANT}l-{SLANT} {height}h{SLANT - width}z"


def _condition(x: int, y: int, width: int, height: int) -> str:
    """Draw a choice: pointed at both ends."""
    half = height // 2
    return (
        f"M{x + SLANT} {y}h{width - 2 * SLANT}l{SLANT} {half}l-{SLANT} {height - half}"
        f"h{2 * SLANT - width}l-{SLANT} -{height - half}z"
    )


def _callback(x: int, y: int, width: int, height: int) -> str:
    """Draw what happens elsewhere: with a second bar at both sides."""
    bars = f"M{x + 4} {y}v{height}M{x + width - 4} {y}v{height}"
    return _rectangle(x, y, width, height) + bars


_OUTLINES: Mapping[str, Callable[[int, int, int, int], str]] = {
    "start": _terminal,
    "end": _terminal,
    "input": _form,
    "callback": _callback,
    "timer": _timer,
    "condition": _condition,
}
