"""Files to which several workers add lines, for a test to read."""

from pathlib import Path

ORDERS = "orders"  # For each address that was handed out: the process and the address.
CHECKS = "checks"  # For each run of the step that validates: the process and the worker's pid.


def note(directory: str, file: str, *words: object) -> None:
    """Append a line; one write, so that lines of several workers do not mix."""
    with Path(directory, file).open("a") as lines:
        lines.write(f"{' '.join(map(str, words))}\n")


def lines(file: Path) -> list[list[str]]:
    """Return the lines that are complete, in words."""
    text = file.read_text() if file.exists() else ""
    return [line.split() for line in text.rpartition("\n")[0].splitlines()]
