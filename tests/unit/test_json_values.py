"""JSON in, JSON out: what may enter a state, and what it is when it comes out."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Network
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel

from workflows_app.errors import NotJSON
from workflows_app.json_values import changes, copy_json, replace_strings, to_json

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
STATES = st.dictionaries(TEXT, VALUES, max_size=5)


class Colour(Enum):
    RED = "red"


@dataclass
class Port:
    name: str
    speed: int


class Node(BaseModel):
    address: IPv4Address
    seen_at: datetime


SEEN_AT = datetime(2019, 5, 18, 15, 17, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (SEEN_AT, "2019-05-18T15:17:00.123456Z"),
        (date(2019, 5, 18), "2019-05-18"),
        (timedelta(minutes=2), "PT2M"),
        (Decimal("1.10"), "1.10"),
        (Colour.RED, "red"),
        (IPv4Address("192.0.2.1"), "192.0.2.1"),
        (IPv6Network("2001:db8::/32"), "2001:db8::/32"),
        (Port("et-0/0/1", 100), {"name": "et-0/0/1", "speed": 100}),
        (
            Node(address=IPv4Address("192.0.2.1"), seen_at=SEEN_AT),
            {"address": "192.0.2.1", "seen_at": "2019-05-18T15:17:00.123456Z"},
        ),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        ({1: "one"}, {"1": "one"}),
        ({"ports": [Port("a", 1)]}, {"ports": [{"name": "a", "speed": 1}]}),
    ],
)
def test_what_authors_return_becomes_plain_json(value, plain):
    assert to_json(value) == plain


@pytest.mark.parametrize(
    "text",
    [
        "2019-05-18T15:17:00.12345",  # 25 characters with a T: another engine made a date of it.
        "2019-05-18T15:17:00+00:00",
        "2019-05-18",
        "true",
        "12",
        "00000000-0000-0000-0000-000000000005",
    ],
)
def test_a_string_stays_a_string_whatever_it_looks_like(text):
    assert to_json({"text": text, "deep": [{"text": text}]}) == {
        "text": text,
        "deep": [{"text": text}],
    }


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (object(), "object"),
        (float("nan"), "NaN"),
        ({"deep": [float("inf")]}, "Infinity"),
        ({"deep": [-float("inf")]}, "Infinity"),
        ("a\0b", "NUL"),
        ({"a\0b": 1}, "NUL"),
        ("\ud800", "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        (b"\xff", "utf-8"),
        (lambda: None, "function"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_the_reason(value, why):
    with pytest.raises(NotJSON, match=f"(?i)the step's result.*{why}"):
        to_json(value, what="the step's result")


def test_a_cycle_is_refused():
    loop: list[object] = []
    loop.append(loop)

    with pytest.raises(NotJSON, match=r"(?i)circular"):
        to_json(loop)


def test_nesting_without_end_is_refused():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(NotJSON):
        to_json(deep)


def test_an_escaped_backslash_before_u0000_is_text_and_not_a_nul():
    assert to_json("\\u0000") == "\\u0000"


@given(STATES)
def test_plain_json_passes_through_unchanged(value):
    once = to_json(value)

    assert once == value
    assert to_json(once) == once
    assert json.dumps(to_json(once)) == json.dumps(once)  # Types too: 1, 1.0 and true differ.


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_the_same_type_from_a_database_that_stores_decimals(value):
    plain = to_json(value)

    stored = json.dumps(plain)
    as_numeric = f"{Decimal(stored):f}"  # How PostgreSQL's jsonb writes a number.
    assert plain == value
    assert type(json.loads(as_numeric)) is type(plain)
    assert json.loads(as_numeric) == plain


@given(STATES)
def test_a_copy_is_equal_and_independent(value):
    copied = copy_json(value)

    assert copied == value
    copied["added"] = 1
    assert copied != value or "added" in value


def test_a_copy_shares_no_list_or_object():
    value: dict[str, Any] = {"a": [{"b": []}]}

    copied = copy_json(value)
    copied["a"][0]["b"].append(1)

    assert value == {"a": [{"b": []}]}


@given(STATES, STATES)
def test_changes_put_on_top_of_what_was_give_what_is(before, after):
    patch = changes(before, after)

    assert {**before, **patch} == {**before, **after}
    assert changes(after, after) == {}


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (1, 1.0), ([0], [False]), ({"a": 1}, {"a": True}), ("1", 1)]
)
def test_a_change_of_type_is_a_change(before, after):
    assert changes({"key": before}, {"key": after}) == {"key": after}


def test_strings_are_replaced_wherever_they_are_keys_included():
    value = {"secret": ["secret", 1, {"a secret b": None}]}

    replaced = replace_strings(value, lambda text: text.replace("secret", "x"))

    assert replaced == {"x": ["x", 1, {"a x b": None}]}
