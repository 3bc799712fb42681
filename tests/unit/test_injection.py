"""Parameters are filled by name from the state, and converted to their annotations."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Network
from typing import Annotated, Any, Literal, Optional, Union
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, Field

from tests.unit import stringly
from workflows_app import State
from workflows_app.errors import DefinitionError, MissingParameter, StepError, WrongParameter
from workflows_app.injection import Injection
from workflows_app.json_values import to_json

ID = UUID("6d1f1b1e-9c0e-4d5e-8f2a-0123456789ab")


def call(function: Callable[..., Any], state: dict[str, Any], **given_: Any) -> Any:
    positional, keywords = Injection(function, name="Configure").arguments(
        state, {"state": state, **given_}
    )
    return function(*positional, **keywords)


def received(annotation: Any, value: Any) -> Any:
    """Return what a parameter with the annotation gets when the state holds ``value``."""

    def function(value):
        return value

    function.__annotations__["value"] = annotation
    return call(function, {"value": to_json(value)})


class Colour(Enum):
    RED = "red"


class Speed(IntEnum):
    GIGABIT = 1000


@dataclass
class Port:
    name: str
    speed: int = 1


class Node(BaseModel):
    id: UUID
    address: IPv4Address


NODE = Node(id=ID, address=IPv4Address("192.0.2.1"))
SEEN_AT = datetime(2019, 5, 18, 15, 17, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (UUID, ID),
        (list[UUID], [ID, UUID(int=1)]),
        (UUID | None, ID),
        (Optional[UUID], None),  # noqa: UP045 - as authors write it.
        (Union[UUID, int], 5),  # noqa: UP007 - as authors write it.
        (dict[str, UUID], {"a": ID}),
        (int, 5),
        (float, 1.5),
        (bool, True),
        (str, "2019-05-18T15:17:00+00:00"),
        (Decimal, Decimal("1.10")),
        (datetime, SEEN_AT),
        (date, date(2019, 5, 18)),
        (timedelta, timedelta(minutes=2, microseconds=3)),
        (Colour, Colour.RED),
        (Speed, Speed.GIGABIT),
        (Literal["a", "b"], "b"),
        (IPv4Address, IPv4Address("192.0.2.1")),
        (IPv6Network, IPv6Network("2001:db8::/32")),
        (Port, Port("et-0/0/1", 100)),
        (list[Port], [Port("a"), Port("b", 2)]),
        (Node, NODE),
        (list[Node], [NODE]),
        (tuple[int, str], (1, "a")),
        (set[int], {1, 2}),
        (State, {"a": {"b": 1}}),
        (Annotated[int, Field(ge=1)], 1),
        (Any, {"anything": [1]}),
    ],
)
def test_a_value_comes_back_as_what_the_annotation_asks_for(annotation, value):
    found = received(annotation, value)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("annotation", "value", "wanted"), [(int, "5", 5), (Decimal, 5, 5)])
def test_text_from_a_form_is_converted_where_a_number_is_asked_for(annotation, value, wanted):
    found = received(annotation, value)

    assert found == wanted
    assert isinstance(found, annotation)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_keeps_its_microseconds(moment):
    assert received(datetime, moment) == moment


@pytest.mark.parametrize(
    ("annotation", "value"),
    [(UUID, "not-a-uuid"), (list[UUID], ["x"]), (UUID | None, "x"), (int, "five"), (Colour, "x")],
)
def test_a_value_that_does_not_fit_names_the_step_and_the_parameter(annotation, value):
    with pytest.raises(WrongParameter, match="step 'Configure': the value for 'value'"):
        received(annotation, value)


def test_where_in_a_value_the_fault_is_is_said():
    with pytest.raises(WrongParameter, match=r"1\.address"):
        received(list[Node], [to_json(NODE), {"id": str(ID), "address": "nowhere"}])


def test_a_missing_key_names_the_step_the_parameter_and_the_keys_there_are():
    def configure(port):
        raise AssertionError

    with pytest.raises(MissingParameter) as error:
        call(configure, {"vlan": 1, "node": 2})

    assert str(error.value) == (
        "step 'Configure' needs 'port', which is not in the state; the state has: node, vlan"
    )


def test_an_empty_state_is_said_to_hold_nothing():
    with pytest.raises(MissingParameter, match="the state has: nothing"):
        call(lambda port: port, {})


def test_injection_errors_are_step_errors():
    assert issubclass(MissingParameter, StepError)
    assert issubclass(WrongParameter, StepError)


def test_a_function_without_parameters_is_called_without_arguments():
    assert call(lambda: "called", {"a": 1}) == "called"


def test_positional_only_keyword_only_and_ordinary_parameters_are_filled():
    def configure(node, /, port, *, dry_run: bool, vlan=5):
        return node, port, dry_run, vlan

    found = call(configure, {"dry_run": True, "port": "p", "node": "n"})

    assert found == ("n", "p", True, 5)


def test_a_positional_only_parameter_with_a_default_keeps_its_place():
    def configure(node="n", port="p", /):
        return node, port

    assert call(configure, {"port": "q"}) == ("n", "q")


def test_var_args_and_var_keywords_are_left_empty():
    def configure(node, *args, **kwargs):
        return node, args, kwargs

    assert call(configure, {"node": "n", "args": [1], "kwargs": {"a": 1}}) == ("n", (), {})


def test_a_default_is_used_as_it_is_when_the_key_is_missing():
    marker = object()

    def configure(port: UUID = marker):  # type: ignore[assignment]
        return port

    assert call(configure, {}) is marker
    assert call(configure, {"port": str(ID)}) == ID


def test_an_optional_parameter_without_default_is_none_when_the_key_is_missing():
    def configure(port: UUID | None, vlan: Optional[int]):  # noqa: UP045 - as authors write it.
        return port, vlan

    assert call(configure, {}) == (None, None)
    assert call(configure, {"port": None, "vlan": "3"}) == (None, 3)


def test_a_null_in_the_state_does_not_fall_back_to_the_default():
    def configure(port: str | None = "p"):
        return port

    assert call(configure, {"port": None}) is None


def test_the_state_may_be_asked_for_at_any_place():
    def configure(a, state: State, b):
        return a, state["c"], b

    assert call(configure, {"a": 1, "b": 2, "c": 3}) == (1, 3, 2)


def test_an_argument_is_a_copy_of_what_the_state_holds():
    state = {"ports": [{"vlans": [1]}], "raw": [[1]]}

    def configure(ports: list[Any], raw):
        ports[0]["vlans"].append(2)
        raw[0].append(2)

    call(configure, state)

    assert state == {"ports": [{"vlans": [1]}], "raw": [[1]]}


def test_what_the_engine_gives_goes_before_a_key_of_that_name():
    def configure(reporter, process_id: UUID):
        return reporter, process_id

    found = call(
        configure, {"reporter": "mallory", "process_id": "x"}, reporter="maria", process_id=str(ID)
    )

    assert found == ("maria", ID)


def test_annotations_that_are_strings_work_like_any_other():
    found = call(stringly.configure, {"node": str(ID), "seen_at": "2019-05-18T15:17:00Z"})

    assert found == (ID, datetime(2019, 5, 18, 15, 17, tzinfo=UTC), None, stringly.Later())


def test_annotations_that_are_strings_may_name_what_the_enclosing_function_defines():
    assert call(stringly.made_inside(), {"port": {"name": "a"}}).name == "a"


def test_an_annotation_that_names_nothing_says_which_step_has_it():
    with pytest.raises(DefinitionError, match=r"step 'Configure'.*NoSuchName"):
        call(stringly.unresolvable, {"port": 1})


def test_an_annotation_that_cannot_be_made_from_json_says_which_step_has_it():
    class Opaque: ...

    def configure(port: Opaque):
        raise AssertionError

    with pytest.raises(DefinitionError, match=r"step 'Configure'.*JSON"):
        call(configure, {"port": 1})


def test_a_list_of_anything_is_given_as_it_is():
    assert received(list[Any], [1, "a", None]) == [1, "a", None]


@pytest.mark.parametrize("text", ["2019-05-18T15:17:00.12345", "2019-05-18", "12", "true", ""])
def test_an_unannotated_string_stays_what_it_is(text):
    assert received(Any, text) == text
    assert received(str, text) == text


def test_callables_of_any_kind_are_injected():
    class Configure:
        def __call__(self, port: int):
            return port

        def method(self, port: int):
            return port

    assert call(Configure(), {"port": "1"}) == 1
    assert call(Configure().method, {"port": "1"}) == 1


def test_a_builtin_without_a_signature_is_refused_in_words():
    with pytest.raises(DefinitionError, match="step 'Make': no signature found"):
        _ = Injection(dict, name="Make").parameters
