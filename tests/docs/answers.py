"""A callback's answers as the manual lists them. ``python -m tests.docs.answers`` prints it."""

from callbacks_app.advice import ANSWERS, WORDS


def table() -> str:
    """Return ``ANSWERS`` as a Markdown table."""
    rows = [f"| {row.status} | `{row.code}` | {row.means} | {WORDS[row.do]} |" for row in ANSWERS]
    return "\n".join(["| status | `code` | it means | do |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    print(table())  # noqa: T201
