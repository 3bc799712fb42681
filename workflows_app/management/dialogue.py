"""Questions to whoever sits at the terminal."""

from collections.abc import Mapping, Sequence

from django.core.management.base import CommandError


def ask(question: str, default: str = "") -> str:
    """Return what is typed, or the default for nothing.

    Raises:
        CommandError: there is nobody to answer.
    """
    shown = f"{question} [{default}] " if default else f"{question} "
    try:
        return input(shown).strip() or default
    except EOFError as error:
        raise CommandError("nobody answered; nothing is written (see --noinput)") from error


def confirm(question: str) -> bool:
    """Return whether the answer is yes. Nothing is a no."""
    return ask(f"{question} [y/N]").lower() in ("y", "yes")


def choose(question: str, options: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """Return which of the options are chosen, by their numbers; ``-`` for none."""
    listed = "  ".join(f"{number} {option}" for number, option in enumerate(options, start=1))
    default = ",".join(str(options.index(option) + 1) for option in chosen) or "-"
    while True:
        answer = ask(f"{question}: {listed}; numbers, or - for none", default)
        if answer == "-":
            return []
        picked = pick(answer, {str(n): option for n, option in enumerate(options, start=1)})
        if picked:
            return picked


def pick(answer: str, options: Mapping[str, str]) -> list[str]:
    """Return the options whose keys are listed, with commas; nothing if one is unknown."""
    keys = [key.strip() for key in answer.split(",")]
    return [options[key] for key in keys] if all(key in options for key in keys) else []
