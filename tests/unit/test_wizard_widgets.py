"""Each kind of value: what the page shows, what the browser posts, what pydantic gets."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import example, given, strategies as st
from pydantic import BaseModel, EmailStr, Field, HttpUrl, SecretStr, create_model
from pydantic_forms.validators.components.callout import CalloutMessageType

from tests.labels import label
from tests.unit.rendered import render
from workflows_app.forms import (
    Accept,
    AcceptItemType,
    Choice,
    ContactPerson,
    DisplaySubscription,
    Divider,
    FormFieldError,
    FormPage,
    Hidden,
    Label,
    Layout,
    ListOfOne,
    ListOfTwo,
    LongText,
    SummaryData,
    Timestamp,
    callout,
    choice_list,
    markdown,
    migration_summary,
    read_only_field,
    read_only_list,
    timestamp,
    unique_conlist,
)
from workflows_app.wizard import page_form, page_inputs

WHO = UUID("7f3a0000-0000-4000-8000-000000000001")


class Service(Choice):
    L2VPN = "l2vpn", "Layer 2"
    IP = "ip", "Internet"


class Many(Choice):
    A = "a"
    B = "b"
    C = "c"
    D = "d"
    E = "e"


class Level(Enum):
    LOW = 1
    HIGH = 2


class Port(BaseModel):
    name: str
    vlan: int = 5
    tagged: bool = True


def page_of(annotation, default=...):
    return create_model("Page", __base__=FormPage, value=(annotation, default))


def posted(page, **changes):
    """Return the page, filled with what a browser posts after the changes."""
    return page(**page_inputs(page, render(page).post(**changes)))


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "  Zoë <b> ", "Zoë <b>"),
        (str | None, "x", "x"),
        (LongText, "one\r\n\ttwo ", "one\n\ttwo "),
        (int, "42", 42),
        (int, "-7", -7),
        (int | None, "42", 42),
        (float, "2.5", 2.5),
        (Decimal, "1.10", Decimal("1.10")),
        (Decimal | None, "0.1", Decimal("0.1")),
        (int | str, "5 km", "5 km"),
        (int | float, "2.5", 2.5),
        (UUID, str(WHO), WHO),
        (IPv4Address | IPv6Address, "::1", IPv6Address("::1")),
        (EmailStr, "maria@example.org", "maria@example.org"),
        (date, "2026-02-28", date(2026, 2, 28)),
        (time, "12:30:01", time(12, 30, 1)),
        (timedelta, "01:30:00", timedelta(minutes=90)),
        (datetime, "2026-02-28T12:30", datetime(2026, 2, 28, 12, 30, tzinfo=UTC)),
        (Service, "ip", Service.IP),
        (Many, "c", Many.C),
        (Level, "2", Level.HIGH),
        (Literal["a", 1], "1", 1),
        (Literal["only"], "only", "only"),
        (Service | None, "ip", Service.IP),
        (bool | None, "No", False),
        (list[str], "a b\r\n\r\n c ", ["a b", "c"]),
        (list[int], "1\r\n2", [1, 2]),
        (set[int], "1\r\n2\r\n1", {1, 2}),
        (list[UUID], str(WHO), [WHO]),
        (unique_conlist(int, min_items=1, max_items=3), "1\r\n2", [1, 2]),
        (choice_list(Service), ["ip", "l2vpn"], [Service.IP, Service.L2VPN]),
        (list[Level], ["2"], [Level.HIGH]),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (Any, "[null]", [None]),
    ],
    ids=label,
)
def test_what_is_typed_reaches_pydantic(annotation, text, value):
    assert posted(page_of(annotation), value=text).value == value


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (str, "Zoë <b>"),
        (LongText, "\n{\n  'a': 1\n}\n"),
        (int, 42),
        (float, 1e-7),
        (Decimal, Decimal("1.10")),
        (UUID, WHO),
        (date, date(2026, 2, 28)),
        (time, time(12, 30, 1)),
        (timedelta, timedelta(days=2, seconds=3)),
        (datetime, datetime(2026, 2, 28, 12, 30, 59, tzinfo=UTC)),
        (Timestamp, 1_700_000_000),
        (timestamp(show_time_select=False), 1_699_920_000),
        (Service, Service.IP),
        (Many, Many.C),
        (Level, Level.HIGH),
        (Service | None, None),
        (bool, True),
        (bool, False),
        (bool | None, None),
        (bool | None, True),
        (list[str], ["a b", "c"]),
        (list[int], []),
        (list[Service], [Service.IP]),
        (list[LongText], ["a\nb", "c"]),
        (ListOfOne[int], [3]),
        (ListOfTwo[str], ["a", "b"]),
        (list[list[int]], [[1, 2], [3]]),
        (dict[str, list[int]], {"a": [1]}),
        (Port, Port(name="x", vlan=7, tagged=False)),
        (Port | None, None),
        (Port | None, Port(name="x")),
        (list[Port], [Port(name="x"), Port(name="y", tagged=False)]),
        (ContactPerson, ContactPerson(name="Maria", email="maria@example.org")),
    ],
    ids=label,
)
def test_a_default_that_nobody_touches_comes_back(annotation, value):
    assert posted(page_of(annotation, value)).value == value


@pytest.mark.parametrize(
    ("annotation", "attributes"),
    [
        (Annotated[str, Field(min_length=2, max_length=4)], {"minlength": "2", "maxlength": "4"}),
        (Annotated[str, Field(pattern="^a")], {"pattern": ".*(?:^a).*"}),
        (Annotated[int, Field(ge=1, lt=10)], {"type": "number", "min": "1", "max": "9"}),
        (Annotated[int, Field(multiple_of=4)], {"step": "4"}),
        (float, {"type": "number", "step": "any"}),
        (Annotated[Decimal, Field(ge=1)], {"type": "number", "min": "1.0", "step": "any"}),
        (EmailStr, {"type": "email"}),
        (HttpUrl, {"type": "url"}),
        (date, {"type": "date"}),
        (time, {"type": "time", "step": "1"}),
        (datetime, {"type": "datetime-local"}),
        (timestamp(min=0, max=60), {"min": "1970-01-01T00:00:00", "max": "1970-01-01T00:01:00"}),
        (timestamp(show_time_select=False), {"type": "date"}),
        (SecretStr, {"type": "password"}),
        (LongText, {"tag": "textarea"}),
        (list[str], {"tag": "textarea"}),
        (Many, {"tag": "select"}),
        (str, {"required": None}),
    ],
    ids=label,
)
def test_the_browser_knows_the_limits(annotation, attributes):
    control = render(page_of(annotation)).one("page-value")

    assert attributes.items() <= control.items()


def test_few_choices_are_radio_buttons_with_their_labels():
    page = render(page_of(Service))

    assert [control["type"] for control in page.named("page-value")] == ["radio", "radio"]
    assert "Layer 2" in page.html


def test_a_tick_box_that_is_not_ticked_is_false():
    assert posted(page_of(bool), value=None).value is False


@pytest.mark.parametrize(
    ("annotation", "default", "value"),
    [
        (str | None, "x", None),
        (str, "x", ""),
        (int, 5, 5),
        (int | None, 5, None),
        (Service | None, Service.IP, None),
        (list[str], ["x"], []),
        (list[str] | None, ["x"], None),
        (list[Service], [Service.IP], []),
        (list[Service] | None, [Service.IP], None),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (dict[str, int] | None, {"a": 1}, None),
    ],
    ids=label,
)
def test_what_is_cleared_is_none_or_empty_or_the_default(annotation, default, value):
    empty = [] if "list[test" in str(annotation) or "Service" in str(annotation) else ""

    assert posted(page_of(annotation, default), value=empty).value == value


@pytest.mark.parametrize("annotation", [str, int, Service, UUID, date, datetime, dict, SecretStr])
def test_what_is_required_and_left_empty_is_left_out(annotation):
    page = page_of(annotation)

    assert page_inputs(page, render(page).post()) == {}


def test_a_moment_is_in_the_time_zone_of_the_site():
    page = page_of(datetime, datetime(2026, 7, 1, 10, tzinfo=UTC))

    with timezone.override("Europe/Amsterdam"):
        rendered = render(page)
        inputs = page_inputs(page, rendered.post())

    assert rendered.one("page-value")["value"] == "2026-07-01T12:00:00"
    assert inputs == {"value": "2026-07-01T12:00:00+02:00"}
    assert "Time zone: Europe/Amsterdam." in rendered.html


@pytest.mark.parametrize("annotation", [datetime, Timestamp, int, list[int], UUID, Service])
def test_what_cannot_be_read_is_left_to_pydantic_and_shown_again(annotation):
    page = page_of(annotation)

    inputs = page_inputs(page, render(page).post(value="nonsense"))
    shown = page_form(page, inputs=inputs)["value"].value()

    assert inputs["value"] in ("nonsense", ["nonsense"])
    assert shown == "nonsense"


def test_of_many_choices_some_are_shown_and_the_rest_is_searched_for():
    many = Choice.__call__("Lots", {f"n{n}": f"v{n:02}" for n in range(40)})
    page = page_of(list[many])  # type: ignore[valid-type]

    rendered = render(page)

    assert len(rendered.named("page-value")) == 20
    assert "The first 20 are shown." in rendered.html
    assert rendered.one("search")["value"] == "page-value"
    assert posted(page, value=["v33", "v34"]).value == ["v33", "v34"]


def test_one_of_many_choices_is_chosen_in_a_menu_that_always_has_the_chosen_one():
    many = Choice.__call__("Lots", {f"n{n}": (f"v{n:02}", f"Number {n}") for n in range(40)})
    page = page_of(many, many("v39"))

    options = render(page).one("page-value")["options"]

    assert [option["value"] for option in options if "selected" in option] == ["v39"]
    assert "Number 39" in render(page).html
    assert posted(page, value="v05").value == many("v05")


def test_enormously_many_choices_make_no_enormous_page():
    many = Choice.__call__("Lots", {f"n{n}": f"v{n}" for n in range(5000)})

    assert len(render(page_of(many)).html) < 5000


def test_a_required_choice_is_not_made_for_the_operator():
    assert render(page_of(Many)).one("page-value")["options"][0]["value"] == ""


def test_a_secret_is_never_shown():
    form = page_form(page_of(SecretStr), inputs={"value": "hunter2"})

    assert "hunter2" not in str(form["value"])


def test_rows_are_added_and_removed_without_a_script():
    page = page_of(list[Port], [Port(name="x")])

    added = page_inputs(page, render(page).post(change="add page-value"))
    removed = page_inputs(page, render(page).post(change="remove page-value-0"))

    assert [row.get("name") for row in added["value"]] == ["x", None]
    assert removed == {"value": []}


def names(inputs):
    return [row["name"] for row in inputs["value"]]


def test_rows_are_moved_without_a_script():
    page = page_of(list[Port], [Port(name="a"), Port(name="b"), Port(name="c")])
    rendered = render(page)

    assert names(page_inputs(page, rendered.post(change="up page-value-2"))) == ["a", "c", "b"]
    for nonsense in ("up page-value-0", "up page-value-3", "up page-value--1", "up", "up page"):
        assert names(page_inputs(page, rendered.post(change=nonsense))) == ["a", "b", "c"]
    assert "up page-value-0" not in rendered.html


def test_a_list_says_how_many_it_takes():
    page = page_of(Annotated[list[Port], Field(min_length=1, max_length=3)])

    assert "1 to 3." in render(page).html


@pytest.mark.parametrize(
    ("annotation", "default", "optional"),
    [
        (str, ..., False),
        (str | None, None, True),
        (LongText, "", True),
        (int, 5, False),
        (bool, False, False),
        (list[str], [], True),
        (choice_list(Service), ..., True),
        (choice_list(Service, min_items=1), ..., False),
        (list[Port], [], True),
        (Annotated[list[Port], Field(min_length=1)], ..., False),
        (Port | None, None, True),
        (Port, ..., False),
        (Label, None, False),
    ],
    ids=label,
)
def test_what_may_be_left_empty_says_so(annotation, default, optional):
    form = page_form(page_of(annotation, default))

    assert form.parts[0].optional == optional


def test_a_page_with_both_says_what_the_marks_mean():
    both = create_model("Both", __base__=FormPage, a=(str, ...), b=(str | None, None))

    assert "What is not marked as optional is required." in render(both).html
    assert "is required." not in render(page_of(str)).html


def test_a_unit_stands_beside_the_label():
    page = page_of(Annotated[int, Field(json_schema_extra={"unit": "Mbit/s"})])

    assert "Mbit/s" in render(page).html


@pytest.mark.parametrize("tone", ["danger", CalloutMessageType.DANGER], ids=["word", "member"])
def test_a_callout_says_its_tone_in_a_word_and_a_colour(tone):
    html = render(page_of(callout(message="Hot", message_type=tone), None)).html

    assert "wf-danger" in html
    assert ">Danger</span>" in html


def test_a_tone_that_nobody_knows_is_a_note():
    html = render(page_of(callout(message="Hot", message_type='"><script>'), None)).html

    assert "wf-primary" in html
    assert "script" not in html


def test_a_value_that_is_fixed_can_be_copied():
    assert 'data-copy="frozen"' in render(page_of(read_only_field("frozen"), "frozen")).html


def test_a_model_that_may_be_left_out_is_added_the_same_way():
    page = page_of(Port | None, None)

    assert page_inputs(page, render(page).post()) == {"value": None}
    assert page_inputs(page, render(page).post(change="add page-value")) == {"value": {}}


def test_a_list_offers_no_more_rows_than_it_may_have():
    page = page_of(Annotated[list[Port], Field(min_length=1, max_length=1)])

    assert render(page).named("change") == []


def test_a_forged_number_of_rows_costs_little():
    page = page_of(list[Port])

    for count, rows in [("1000000000", 500), ("-1", 0), ("many", 0)]:
        assert len(page_inputs(page, render(page).post(value__rows=count))["value"]) == rows


def test_a_model_may_contain_itself():
    page = page_of(list[Tree], [Tree(name="a", children=[Tree(name="b")])])

    assert posted(page).value == [Tree(name="a", children=[Tree(name="b")])]


class Tree(BaseModel):
    name: str
    children: list["Tree"] = []


class Steps(Accept):
    data = [
        ("Before you go on", AcceptItemType("label")),
        ("Tell <the> customer", AcceptItemType("checkbox")),
        ("and the NOC", AcceptItemType(">checkbox")),
        ("Coffee", AcceptItemType("checkbox?")),
        ("https://example.org/", AcceptItemType("url")),
        ("javascript:alert(1)", AcceptItemType("url")),
        ("Price", AcceptItemType("value"), {"amount": 3}),
        ("", AcceptItemType("margin")),
        ("Careful", AcceptItemType("warning")),
        ("Facts", AcceptItemType("info")),
        ("All done before", AcceptItemType("skip")),
    ]


@pytest.mark.parametrize(
    ("ticks", "verdict"),
    [
        ([], "INCOMPLETE"),
        (["1"], "INCOMPLETE"),
        (["1", "3"], "INCOMPLETE"),
        (["1", "2"], "ACCEPTED"),
        (["10"], "ACCEPTED"),
    ],
)
def test_a_checklist_is_accepted_when_all_it_needs_is_ticked(ticks, verdict):
    page = page_of(Steps)

    assert page_inputs(page, render(page).post(value=ticks)) == {"value": verdict}


def test_a_refused_checklist_still_shows_what_was_ticked():
    page = page_of(Steps)
    inputs = page_inputs(page, render(page).post(value=["1", "3"]))

    boxes = str(page_form(page, inputs=inputs)["value"])

    assert boxes.count(" checked") == 2


def test_an_accepted_checklist_shows_what_it_needed():
    form = page_form(page_of(Steps), inputs={"value": "ACCEPTED"})

    assert str(form["value"]).count(" checked") == 2


def test_a_refused_checklist_leads_to_its_first_box():
    errors = [FormFieldError(loc=["value"], msg="Not all tasks are done", type="value_error")]

    form = page_form(page_of(Steps), inputs={"value": "INCOMPLETE"}, errors=errors)

    assert [problem.target for problem in form.problem_list()] == ["id_page-value_1"]
    assert str(form["value"]).count('aria-invalid="true"') == 2


def test_a_checklist_links_to_the_web_only():
    html = render(page_of(Steps)).html

    assert 'href="https://example.org/"' in html
    assert 'href="javascript' not in html
    assert "Tell &lt;the&gt; customer" in html


def test_a_checklist_without_items_is_one_box():
    assert posted(page_of(Accept), value=["0"]).value == "ACCEPTED"


def test_a_summary_is_a_table():
    data: SummaryData = {
        "headers": ["Old", "New"],
        "labels": ["VLAN", "Speed"],
        "columns": [["1", "2"], [3]],
    }

    html = "".join(render(page_of(migration_summary(data), None)).html.split())

    assert '<trscope="row">' not in html
    assert '<tr><thscope="row">VLAN</th><td>1</td><td>3</td></tr>' in html
    assert '<tr><thscope="row">Speed</th><td>2</td><td></td></tr>' in html


@pytest.mark.parametrize(
    ("annotation", "default", "text"),
    [
        (Label, "A heading", "A heading"),
        (Label, None, "Value"),
        (read_only_field("frozen"), "frozen", "frozen"),
        (read_only_field(3), 3, "3"),
        (read_only_field(True), True, "Yes"),
        (read_only_list([1, 2]), [1, 2], "2"),
        (Annotated[dict, Field(frozen=True)], {"a": 1}, "&quot;a&quot;: 1"),
        (Annotated[Service, Field(frozen=True)], Service.IP, "Internet"),
        (DisplaySubscription, WHO, str(WHO)),
        (callout(header="Careful", message="Hot"), None, "Hot"),
        (markdown(content="# <b>"), None, "<h3>&lt;b&gt;</h3>"),
        (Divider, None, "<hr"),
    ],
    ids=label,
)
def test_what_is_only_shown_is_not_posted(annotation, default, text):
    page = page_of(annotation, default)

    rendered = render(page)

    assert text in rendered.html
    assert rendered.named("page-value") == []
    assert page_inputs(page, rendered.post(value="forged")) == {}
    page()


def test_a_hidden_value_of_the_page_is_not_in_the_page():
    assert "unseen" not in render(page_of(Hidden, "unseen")).html


def test_a_hidden_input_travels_with_the_page():
    page = page_of(Annotated[str, Field(json_schema_extra={"format": "hidden"})], "unseen")

    assert render(page).one("page-value")["type"] == "hidden"
    assert posted(page).value == "unseen"


def test_a_layout_becomes_names_in_the_style_sheet():
    html = render(page_of(Annotated[str, Layout(span=6, start=2, new_row=True)], "")).html

    assert "wf-new-row wf-span-6 wf-start-2" in html
    assert "style=" not in html


SCRIPT = "</textarea><script>alert('x')</script>"


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (str, SCRIPT),
        (LongText, SCRIPT),
        (list[str], [SCRIPT]),
        (list[LongText], [SCRIPT]),
        (dict, {"a": SCRIPT}),
        (Annotated[dict, Field(frozen=True)], {"a": SCRIPT}),
        (Literal[SCRIPT], SCRIPT),
        (Label, SCRIPT),
        (read_only_field(SCRIPT), SCRIPT),
        (read_only_list([SCRIPT]), [SCRIPT]),
        (callout(header=SCRIPT, message=SCRIPT, message_type=SCRIPT), None),
        (markdown(content=SCRIPT, color=SCRIPT), None),
        (migration_summary({"headers": [SCRIPT], "labels": [SCRIPT], "columns": [[SCRIPT]]}), None),
        (Annotated[str, Field(title=SCRIPT, description=SCRIPT)], ""),
        (Port, Port(name=SCRIPT)),
        (Annotated[list[Port], Field(title=SCRIPT, description=SCRIPT)], [Port(name=SCRIPT)]),
    ],
    ids=label,
)
def test_nothing_in_a_page_is_markup(annotation, default):
    assert "<script" not in render(page_of(annotation, default)).html


def test_every_reference_on_the_page_leads_somewhere():
    class Page(FormPage):
        text: Annotated[str, Field(description="Help")]
        service: Service
        ports: list[Port] = [Port(name="x")]
        sure: bool = False
        steps: Steps

    rendered = render(Page)

    assert set(rendered.references) <= set(rendered.ids)
    assert len(rendered.ids) == len(set(rendered.ids))


LINE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).filter(
    lambda text: text.strip() == text
)


@given(LINE)
@example("<&\"'>")
def test_any_line_comes_back(text):
    assert posted(page_of(str, text)).value == text


@given(st.integers())
def test_any_integer_comes_back(value):
    assert posted(page_of(int, value)).value == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_comes_back(value):
    assert posted(page_of(float, value)).value == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_comes_back(value):
    assert posted(page_of(Decimal), value=str(value)).value == value


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_moment_comes_back_to_the_second(value):
    value = value.replace(microsecond=0)

    assert posted(page_of(datetime, value)).value == value


@given(st.lists(LINE))
def test_any_lines_come_back(lines):
    assert posted(page_of(list[str], lines)).value == lines
