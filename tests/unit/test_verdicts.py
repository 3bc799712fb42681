"""What pydantic says is wrong, in Dutch."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Network
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from django.utils import translation
from pydantic import AnyHttpUrl, Field, TypeAdapter, ValidationError

from workflows_app.wizard.verdicts import in_words


class Speed(Enum):
    SLOW = "slow"
    FAST = "fast"


def said(kind: Any, value: Any) -> str:
    """Return what pydantic says of a value that does not fit."""
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(kind).validate_python(value)
    return str(refusal.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, "x"),
        (int, 1.5),
        (int, None),
        (float, "x"),
        (bool, "x"),
        (str, 1),
        (UUID, "x"),
        (date, "x"),
        (datetime, "x"),
        (timedelta, "x"),
        (Decimal, "x"),
        (list[int], 1),
        (dict[str, int], 1),
        (Speed, "x"),
        (Literal[1, 2], 3),
        (IPv4Address, "x"),
        (IPv6Network, "x"),
        (AnyHttpUrl, "x"),
        (AnyHttpUrl, "ftp://x"),
        (Annotated[int, Field(ge=1)], 0),
        (Annotated[int, Field(gt=1)], 0),
        (Annotated[int, Field(le=1)], 2),
        (Annotated[int, Field(lt=1)], 2),
        (Annotated[int, Field(multiple_of=5)], 2),
        (Annotated[str, Field(min_length=1)], ""),
        (Annotated[str, Field(min_length=3)], ""),
        (Annotated[str, Field(max_length=1)], "xx"),
        (Annotated[str, Field(max_length=2)], "xxx"),
        (Annotated[str, Field(pattern="^a$")], "b"),
        (Annotated[list[int], Field(min_length=2)], [1]),
        (Annotated[list[int], Field(max_length=1)], [1, 2]),
    ],
    ids=str,
)
def test_what_does_not_fit_is_said_in_the_reader_s_language(kind, value) -> None:
    message = said(kind, value)

    with translation.override("nl"):
        dutch = in_words(message)

    assert dutch != message
    assert not {"should", "valid", "Input"} & set(dutch.split(",")[0].split())
    assert in_words(message) == message


def test_a_sentence_that_is_not_known_stays_as_it_is() -> None:
    with translation.override("nl"):
        assert in_words("Input should be a valid unicorn") == "Input should be a valid unicorn"
        assert in_words("there is no such VLAN, 100 % sure") == "there is no such VLAN, 100 % sure"


def test_the_facts_are_in_the_translated_sentence() -> None:
    with translation.override("nl"):
        assert in_words("Input should be 'slow' or 'fast'") == "Dit moet 'slow' or 'fast' zijn"
