"""The status machine as the README draws it. ``python -m tests.docs.diagram`` prints it."""

from workflows_app.statuses import FINAL, MOVES, ProcessStatus


def diagram() -> str:
    """Return ``MOVES`` as a mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {ProcessStatus.CREATED}"]
    for source, targets in MOVES.items():
        lines += [f"    {source} --> {target}" for target in ProcessStatus if target in targets]
    lines += [f"    {status} --> [*]" for status in ProcessStatus if status in FINAL]
    return "\n".join(lines)


if __name__ == "__main__":
    print(diagram())  # noqa: T201
