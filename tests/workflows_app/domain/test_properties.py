"""Whatever a domain model holds is stored and loaded unchanged, on both databases."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from ipaddress import IPv4Address, IPv6Network
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.engine import run
from tests.workflows_app.domain import models
from workflows_app.domain import ProductBlockModel, SubscriptionModel
from workflows_app.dsl import begin, step
from workflows_app.json_values import copy_json, to_json
from workflows_app.models import Subscription, SubscriptionInstance

pytestmark = pytest.mark.django_db(transaction=True)
bounded = settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Colour(StrEnum):
    RED = "red"
    NONE = ""


class Level(IntEnum):
    LOW, HIGH = 0, 2**40


class Shape(Enum):
    ROUND = "round"
    FLAT = 1.5


class Part(ProductBlockModel, product_block_name="PropertyPart"):
    text: str = ""
    number: int = 0
    real: float = 0.0
    exact: Decimal = Decimal(0)
    at: datetime | None = None
    day: date | None = None
    span: timedelta | None = None
    uuid: UUID | None = None
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    shape: Shape = Shape.ROUND
    address: IPv4Address | IPv6Network | None = None
    flags: list[bool] = []
    nested: list[list[int | None]] = []
    table: dict[str, list[Decimal]] = {}
    pair: tuple[int, str] = (0, "")
    names: set[str] = set()


class Whole(SubscriptionModel, is_base=True):
    top: Part
    parts: list[Part] = []


class Loose(ProductBlockModel, product_block_name="PropertyLoose"):
    value: Any = None


class Free(SubscriptionModel, is_base=True):
    loose: Loose


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
REAL = st.floats(allow_nan=False, allow_infinity=False)
EXACT = st.decimals(allow_nan=False, allow_infinity=False)
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
BIG = st.integers(-(10**60), 10**60)
VALUES = st.fixed_dictionaries(
    {
        "text": TEXT,
        "number": BIG,
        "real": REAL,
        "exact": EXACT,
        "at": st.none() | st.datetimes(timezones=ZONES),
        "day": st.none() | st.dates(),
        "span": st.none()
        | st.timedeltas(min_value=timedelta(days=-10_000), max_value=timedelta(days=10_000)),
        "uuid": st.none() | st.uuids(),
        "colour": st.sampled_from(Colour),
        "level": st.sampled_from(Level),
        "shape": st.sampled_from(Shape),
        "address": st.none() | st.ip_addresses(v=4),
        "flags": st.lists(st.booleans(), max_size=3),
        "nested": st.lists(st.lists(st.none() | BIG, max_size=3), max_size=3),
        "table": st.dictionaries(TEXT, st.lists(EXACT, max_size=2), max_size=3),
        "pair": st.tuples(BIG, TEXT),
        "names": st.sets(TEXT, max_size=3),
    }
)
JSON = st.recursive(
    st.none() | st.booleans() | BIG | REAL | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=4)
LABEL = st.none() | TEXT.filter(bool)


@pytest.fixture
def rows(db):
    return {"whole": models.product("Whole", Whole), "free": models.product("Free", Free)}


def again(model) -> Any:
    return SubscriptionModel.from_subscription(model.subscription_id)


@bounded
@given(top=VALUES, parts=st.lists(VALUES, max_size=2), label=LABEL)
def test_every_type_of_value_survives(rows, top, parts, label):
    made = Whole.from_product_id(rows["whole"].pk, "SURF")
    owner = made.subscription_id
    made.top = Part.new(owner, label=label, **top)
    made.parts = [Part.new(owner, **values) for values in parts]
    made.save()

    loaded = again(made)

    assert loaded.model_dump() == made.model_dump()
    assert loaded.plan_save().is_empty


@bounded
@given(value=JSON, metadata=OBJECT)
def test_any_json_survives_and_is_told_from_any_other(rows, value, metadata):
    made = Free.from_product_id(rows["free"].pk, "SURF")
    made.loose.value, made.metadata = value, metadata
    made.save()

    loaded = again(made)

    assert repr(loaded.loose.value) == repr(ordered(loaded.loose.value, to_json(value)))
    assert repr(loaded.metadata) == repr(ordered(loaded.metadata, to_json(metadata)))
    assert loaded.plan_save().is_empty


def ordered(pattern, value):
    """Return ``value`` with its keys in the order of ``pattern``: jsonb keeps none."""
    if isinstance(value, dict) and isinstance(pattern, dict) and value.keys() == pattern.keys():
        return {key: ordered(pattern[key], value[key]) for key in pattern}
    if isinstance(value, list) and isinstance(pattern, list) and len(value) == len(pattern):
        return [ordered(*pair) for pair in zip(pattern, value, strict=True)]
    return value


@bounded
@given(before=JSON, after=JSON)
def test_every_change_is_noticed_and_nothing_else(rows, before, after):
    made = Free.from_product_id(rows["free"].pk, "SURF")
    made.loose.value = copy_json(before)
    made.save()
    loaded = again(made)
    loaded.loose.value = copy_json(after)
    changed = repr(ordered(to_json(after), to_json(before))) != repr(to_json(after))

    loaded.save()

    assert loaded.version == (2 if changed else 1)
    assert again(made).loose.value == after


def in_order(top: dict[str, Any]) -> dict[str, Any]:
    """Return the block with its set in one order: a set has none."""
    return top | {"names": sorted(top["names"])}


@settings(bounded, max_examples=25)
@given(given_state=OBJECT, values=VALUES, note=LABEL)
def test_a_state_and_its_models_survive_a_process(rows, given_state, values, note):
    Subscription.objects.all().delete()

    @step("Make")
    def make() -> dict[str, Any]:
        made = Whole.from_product_id(rows["whole"].pk, "SURF", note=note)
        made.top = Part.new(made.subscription_id, **values)
        return {"carried": given_state, "whole": made}

    @step("Look")
    def look(carried: Any, whole: Whole, state: dict[str, Any]) -> dict[str, Any]:
        assert carried == to_json(given_state)
        assert {name: getattr(whole.top, name) for name in values} == values
        assert whole.note == note
        assert in_order(to_json(whole)["top"]) == in_order(state["whole"]["top"])
        return {"whole": whole}

    process = run(begin >> make >> look)

    assert process.status == "completed", process.failed_reason
    assert Subscription.objects.get().version == 1


def test_a_set_that_is_listed_in_another_order_is_no_change(rows):
    made = Whole.from_product_id(rows["whole"].pk, "SURF")
    made.top.names = {"p", "\\", "a", "b"}
    made.save()
    loaded: Any = Whole.from_subscription(made.subscription_id)
    for names in (["b", "a", "\\", "p"], ["a", "p", "b", "\\"]):
        loaded.top.names = set(names)
        loaded.save()

    assert Subscription.objects.get().version == 1
    (instance,) = SubscriptionInstance.objects.all()
    assert instance.values["names"] == sorted(instance.values["names"])
