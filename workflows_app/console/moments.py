"""Spans of time as an operator reads them, and instants that a page keeps counting."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, shown as the time since it or until it."""

    at: datetime
    now: datetime
    ahead: bool = False

    @property
    def text(self) -> str:
        """How long ago it was, or how long it is from now."""
        return span(self.at - self.now if self.ahead else self.now - self.at)


def span(length: timedelta) -> str:
    """Return a length of time in its largest units; ``console.js`` counts in the same words.

    >>> [span(timedelta(seconds=s)) for s in (-1, 12, 840, 6360, 273600)]
    ['0 s', '12 s', '14 min', '1 h 46 min', '3 d 4 h']
    """
    seconds = max(0, int(length.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def duration(length: timedelta) -> str:
    """Return how long something took, as exactly as matters.

    >>> [duration(timedelta(seconds=s)) for s in (0.001, 0.0123, 0.4, 12.34, 250, 6360)]
    ['<0.01 s', '0.012 s', '0.4 s', '12 s', '4 min 10 s', '1 h 46 min']
    """
    seconds = max(0.0, length.total_seconds())
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds >= 0.01 else "<0.01 s"
    if seconds < 3600 and (whole := int(seconds)) >= 60:
        return f"{whole // 60} min {whole % 60} s"
    return span(length)
