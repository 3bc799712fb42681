"""Names of types as parts of names of functions: ``UserGroup`` in ``create_user_group``."""

import re


def apart(name: str) -> str:
    """Return ``name`` with its words apart: ``UserGroup`` is two."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)


def slug(name: str) -> str:
    """Return ``name`` as it can be a part of a function's name."""
    return re.sub(r"\W+", "_", name).strip("_").lower()
