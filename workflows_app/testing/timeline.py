"""What happened to a process, as text for whoever reads why a test failed.

Keys are sorted: each database has an order of its own.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workflows_app.models import Process, ProcessStep

LONGEST_VALUE = 1000  # Characters of one value of the state.
_ENGINE = str(Path(__file__).resolve().parents[1])
_FRAME = re.compile(r'  File "(?P<file>[^"]+)", line \d+')
_HEADER = "Traceback (most recent call last):"


def timeline(process: Process, steps: Iterable[ProcessStep], state: Mapping[str, Any]) -> str:
    """Return the process's status, each step with what it led to, and the state."""
    head = f"{process.workflow.name} · {process.status} · by {process.created_by} · {process.pk}"
    lines = [head, *([process.failed_reason] if process.failed_reason else []), ""]
    for step in steps:
        lines += _step(step)
    lines += ["", "state" if state else "state: empty"]
    lines += [f"  {key}: {_short(value)}" for key, value in sorted(state.items())]
    return "\n".join(lines)


def authors_part(traceback: str) -> str:
    """Return a traceback without the engine's frames."""
    kept: list[str] = []
    hidden = False
    for line in traceback.splitlines():
        if frame := _FRAME.match(line):
            hidden = _is_engine(frame["file"])
        elif not line.startswith("    "):
            hidden = line == _HEADER
        if not hidden:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def _is_engine(file: str) -> bool:
    return file.startswith(_ENGINE) or file.endswith("/contextlib.py")


def _step(step: ProcessStep) -> Iterator[str]:
    undone = " (undone by a retry)" if step.superseded else ""
    again = f" (attempt {step.attempt})" if step.attempt > 1 else ""
    by = f" by {step.by}" if step.by else ""
    patch = f"  → {', '.join(sorted(step.patch))}" if step.patch else ""
    yield (
        f"{step.position:>3}  {step.status:<17} {_duration(step):>9}  "
        f"{step.path or step.name}{again}{undone}{by}{patch}"
    )
    if step.progress is not None:
        yield f"       progress: {_short(step.progress)}"
    if step.reason:
        yield f"       {step.error_class}: {step.reason}"
    if step.details is not None:
        yield f"       details: {_short(step.details)}"
    for line in authors_part(step.traceback).splitlines():
        yield f"       | {line}"


def _duration(step: ProcessStep) -> str:
    if step.completed_at is None:
        return "open"
    return f"{(step.completed_at - step.started_at).total_seconds() * 1000:.0f} ms"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} …"
