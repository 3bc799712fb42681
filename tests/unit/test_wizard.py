"""A form in a browser, page after page: what is asked, kept, refused and finished."""

import json
import warnings
from datetime import timedelta
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from tests.unit.rendered import render
from workflows_app.forms import (
    Button,
    ButtonsConfig,
    FormGenerator,
    FormPage,
    ListOfTwo,
    LongText,
    MalformedInputs,
    Rejected,
    State,
    SubmitFormPage,
    form_errors,
    unique_conlist,
    walk,
)
from workflows_app.wizard import (
    Finished,
    FormChanged,
    Page,
    PagesExpired,
    PagesRefused,
    Wizard,
    page_form,
    page_inputs,
)
from workflows_app.wizard.draft import Draft

Vlans = unique_conlist(int, min_items=1)


class Port(BaseModel):
    name: str
    vlan: Annotated[int, Field(ge=2, le=4094)] = 5

    @model_validator(mode="after")
    def check(self):
        if self.name == "broken":
            raise ValueError("This port is broken.")
        return self


class Customer(FormPage):
    """Whose circuit it is."""

    name: str
    reference: str | None = None


class Ports(FormPage):
    ports: Annotated[list[Port], Field(min_length=1)]
    tags: list[str] = []


class Confirm(SubmitFormPage):
    sure: bool = False

    @field_validator("sure")
    @classmethod
    def check(cls, sure):
        if not sure:
            raise ValueError("Please be sure.")
        return sure


def form(state):
    customer = yield Customer
    ports = yield Ports
    yield Confirm
    return {"customer": customer.name, "ports": [port.name for port in ports.ports]}


def nothing(state):
    return {}


@pytest.fixture
def wizard():
    return Wizard(form, {}, key="start:l2vpn")


def answer(wizard, page, **changes):
    """Post the page as a browser does, after the changes."""
    return wizard.post(render(page).post(**changes))


def opened(*arguments):
    """Return the first page of a wizard for the form."""
    page = Wizard(*arguments, key="k").open()
    assert isinstance(page, Page)
    return page


def at_second_page(wizard):
    return answer(wizard, wizard.open(), name="SURF")


def test_three_pages_lead_to_a_result(wizard):
    page = wizard.open()
    page = answer(wizard, page, name="SURF")
    page = answer(wizard, page, ports__0__name="x", tags="a\r\nb")
    finished = answer(wizard, page, sure="on")

    assert finished == Finished(
        inputs=[
            {"name": "SURF", "reference": None},
            {"ports": [{"name": "x", "vlan": 5}], "tags": ["a", "b"]},
            {"sure": True},
        ],
        result={"customer": "SURF", "ports": ["x"]},
    )


def test_a_page_says_where_it_stands(wizard):
    first = wizard.open()
    second = answer(wizard, first, name="SURF")
    third = answer(wizard, second, ports__0__name="x")

    assert [page.index for page in (first, second, third)] == [0, 1, 2]
    assert [page.has_next for page in (first, second, third)] == [None, None, False]
    assert first.description == "Whose circuit it is."
    assert first.title == ""


def test_going_back_shows_what_was_typed_and_so_does_going_on_again(wizard):
    page = at_second_page(wizard)

    page = answer(wizard, page, ports__0__name="half", ports__0__vlan="99", tags="a", back="1")
    assert render(page).one("page-name")["value"] == "SURF"

    page = answer(wizard, page, name="Other")
    rendered = render(page)
    assert rendered.one("page-ports-0-name")["value"] == "half"
    assert rendered.one("page-ports-0-vlan")["value"] == "99"
    assert rendered.one("page-tags")["text"] == "a"

    page = answer(wizard, answer(wizard, page), sure="on")
    assert page.result["customer"] == "Other"


def test_going_back_asks_for_nothing_and_refuses_nothing(wizard):
    page = answer(wizard, at_second_page(wizard), ports__0__vlan="7000", back="1")

    assert page.index == 0
    assert not page.rejected
    assert page.form.problem_list() == []


def test_the_first_page_has_no_way_back(wizard):
    page = wizard.open()

    assert render(page).named("back") == []
    assert answer(wizard, page, name="SURF", back="1").index == 1


def test_a_refused_page_keeps_what_was_typed(wizard):
    page = answer(wizard, wizard.open(), name="", reference="<b>ref</b>")

    rendered = render(page)

    assert page.rejected
    assert page.index == 0
    assert rendered.one("page-reference")["value"] == "<b>ref</b>"


def test_an_error_stands_at_its_field(wizard):
    rendered = render(answer(wizard, wizard.open(), name=""))

    control = rendered.one("page-name")
    assert control["aria-invalid"] == "true"
    assert control["aria-describedby"] == "id_page-name_error"
    assert 'href="#id_page-name"' in rendered.html
    assert "1 value needs attention." in rendered.html
    assert set(rendered.references) <= set(rendered.ids)


def test_an_error_in_a_row_stands_in_that_row(wizard):
    page = answer(wizard, at_second_page(wizard), change="add page-ports")
    page = answer(wizard, page, ports__0__name="x", ports__1__name="y", ports__1__vlan="9999")

    assert page.form.problem_list() == [
        (
            "id_page-ports-1-vlan",
            "Ports 2 · Vlan",
            "Input should be less than or equal to 4094",
        )
    ]


def test_an_error_of_a_nested_model_stands_above_it(wizard):
    page = answer(wizard, at_second_page(wizard), ports__0__name="broken")

    assert page.form.problem_list() == [
        ("id_page-ports-0_errors", "Ports 1", "This port is broken.")
    ]
    assert set(render(page).references) <= set(render(page).ids)


def test_an_error_of_a_list_names_its_item():
    class Only(FormPage):
        vlans: Vlans  # type: ignore[valid-type]

    wizard = Wizard(Only, {}, key="k")

    typed = answer(wizard, wizard.open(), vlans="1\r\nmany")
    repeated = answer(wizard, wizard.open(), vlans="1\r\n1")

    assert [problem.message for problem in typed.form.problem_list()] == [
        "Item 2: Input should be a valid integer, unable to parse string as an integer"
    ]
    assert render(typed).one("page-vlans")["text"] == "1\r\nmany".replace("\r\n", "\n")
    assert [problem.message for problem in repeated.form.problem_list()] == ["List must be unique"]


def test_an_error_of_a_list_of_rows_stands_above_them():
    class Only(FormPage):
        ports: Annotated[list[Port], Field(min_length=1)] = []

    page = page_form(Only, inputs={"ports": []}, errors=refusal(Only, {"ports": []}))

    assert [problem.target for problem in page.problem_list()] == ["id_page-ports_errors"]


def test_an_error_in_a_list_of_fixed_length_stands_at_its_input():
    class Only(FormPage):
        vlans: ListOfTwo[int]

    wizard = Wizard(Only, {}, key="k")
    page = answer(wizard, wizard.open(), vlans__0__value="1", vlans__1__value="many")

    assert [problem[:2] for problem in page.form.problem_list()] == [
        ("id_page-vlans-1-value", "Vlans 2")
    ]
    assert render(page).one("page-vlans-0-value")["value"] == "1"


def test_a_long_text_is_added_to_a_list_of_them():
    class Only(FormPage):
        notes: list[LongText] = ["a"]

    wizard = Wizard(Only, {}, key="k")
    page = answer(wizard, wizard.open(), change="add page-notes")

    assert answer(wizard, page, notes__1__value="b").inputs == [{"notes": ["a", "b"]}]
    assert answer(wizard, page).inputs == [{"notes": ["a"]}]


def refusal(page, inputs):
    outcome = walk(page, {}, [inputs])
    assert isinstance(outcome, Rejected)
    return form_errors(outcome.error)


def test_an_error_of_the_page_stands_at_the_top():
    class Only(FormPage):
        name: str = ""

        @model_validator(mode="after")
        def check(self):
            raise ValueError("Nothing fits.")

    wizard = Wizard(Only, {}, key="k")
    page = answer(wizard, wizard.open())

    assert page.form.problem_list() == [("id_page_errors", "", "Nothing fits.")]
    assert set(render(page).references) <= set(render(page).ids)


def test_an_error_about_an_unknown_field_is_told_too():
    errors = refusal(Customer, {"name": "SURF", "other": 1})

    page = page_form(Customer, inputs={"name": "SURF"}, errors=errors)

    assert [problem.message for problem in page.problem_list()] == [
        "Other: Extra inputs are not permitted"
    ]


def test_what_is_no_json_is_refused_whatever_pydantic_says():
    class Only(FormPage):
        anything: object = None
        names: dict[str, int] = {}

    wizard = Wizard(Only, {}, key="k")

    for text in ["{oops", "NaN", "[" * 100_000]:
        page = answer(wizard, wizard.open(), anything=text, names="{}")
        assert page.rejected
        assert render(page).one("page-anything")["text"] == text
        (problem,) = page.form.problem_list()
        assert problem.message.startswith("This is not JSON: ")

    page = answer(wizard, wizard.open(), anything="1", names="{oops")
    assert [problem.message[:16] for problem in page.form.problem_list()] == ["This is not JSON"]


def test_adding_a_row_keeps_what_was_typed_and_refuses_nothing(wizard):
    page = answer(wizard, at_second_page(wizard), ports__0__vlan="9999", change="add page-ports")

    rendered = render(page)

    assert not page.rejected
    assert rendered.one("page-ports-0-vlan")["value"] == "9999"
    assert rendered.one("page-ports-1-name")
    assert rendered.one("page-ports-rows")["value"] == "2"


def test_a_row_that_was_added_or_moved_has_the_focus(wizard):
    added = answer(wizard, at_second_page(wizard), change="add page-ports")
    moved = answer(wizard, added, change="up page-ports-1")

    assert "autofocus" in render(added).one("page-ports-1-name")
    assert "autofocus" in render(moved).one("page-ports-0-name")
    assert "autofocus" not in render(added).one("page-ports-0-name")


def test_enter_goes_on_rather_than_back(wizard):
    buttons = [c for c in render(at_second_page(wizard)).controls if c["tag"] == "button"]

    assert "name" not in buttons[0]


def test_the_buttons_say_what_happens(wizard):
    page = at_second_page(wizard)
    last = answer(wizard, page, ports__0__name="x")

    html = render(last, submit_label="Confirm and continue", reject_url="/reject/").html

    assert "Confirm and continue" in html
    assert 'href="/reject/"' in html
    assert "Reject" not in render(last).html


def test_the_author_may_name_the_buttons():
    class Only(FormPage):
        buttons: ButtonsConfig = ButtonsConfig(next=Button("Order"), previous=Button("Rethink"))

    page = opened(Only, {})

    assert page.buttons == {"next": {"text": "Order"}, "previous": {"text": "Rethink"}}
    assert "Order" in render(page, submit_label="Submit").html


def test_a_form_without_pages_is_finished_at_once():
    wizard = Wizard(lambda state: {"seen": state["ticket"]}, {"ticket": 7}, key="k")

    assert wizard.open() == Finished([], {"seen": 7})


@pytest.mark.parametrize(
    "forge", [str.swapcase, "x{}".format, "{}x".format, lambda _: "x"], ids=range(4)
)
def test_changed_pages_are_refused(wizard, forge):
    page = at_second_page(wizard)

    with pytest.raises(PagesRefused, match="belong to another form"):
        answer(wizard, page, pages=forge(page.pages_token))


def test_pages_of_another_form_are_refused(wizard):
    other = Wizard(form, {}, key="start:ip")

    with pytest.raises(PagesRefused, match="belong to another form"):
        answer(wizard, at_second_page(other))


def test_pages_are_refused_when_they_come_too_late():
    wizard = Wizard(form, {}, key="k", max_age=timedelta(seconds=-1))

    with pytest.raises(PagesExpired, match="open for too long"):
        answer(wizard, wizard.open(), name="SURF")


def test_pages_of_a_form_that_has_become_shorter_are_refused():
    page = at_second_page(Wizard(form, {}, key="k"))

    for shorter in (Customer, nothing):
        with pytest.raises(FormChanged, match="Start again"):
            answer(Wizard(shorter, {}, key="k"), page)


def test_an_earlier_page_that_no_longer_fits_is_shown_again():
    class Strict(FormPage):
        name: Annotated[str, Field(max_length=2)]
        reference: str | None = None

    def stricter(state):
        yield Strict
        yield Ports

    page = at_second_page(Wizard(form, {}, key="k"))

    page = answer(Wizard(stricter, {}, key="k"), page, ports__0__name="x")

    assert (page.index, page.rejected) == (0, True)
    assert render(page).one("page-name")["value"] == "SURF"


def test_earlier_pages_are_validated_again_however_well_signed(wizard):
    token = wizard.envelope.close(Draft(before=[{"name": 7}]))

    page = wizard.post(render(wizard.open()).post(pages=token))

    assert (page.index, page.rejected) == (0, True)


def test_text_that_no_database_stores_is_malformed(wizard):
    with pytest.raises(MalformedInputs):
        answer(wizard, wizard.open(), name="\0")


def test_a_post_without_the_hidden_field_is_one_of_the_first_page(wizard):
    post = render(wizard.open()).post(name="SURF")
    del post["pages"]

    assert wizard.post(post).index == 1


def test_a_secret_is_asked_again_on_a_refused_page():
    class Only(FormPage):
        password: SecretStr
        user: str

    wizard = Wizard(Only, {}, key="k")

    page = answer(wizard, wizard.open(), password="hunter2")

    assert "hunter2" not in render(page).html


def test_the_form_of_the_documents_works_as_it_is_written():
    def show_callback_results(state: State) -> FormGenerator:
        if "callback_result" not in state:
            return state

        class ConfirmRunPage(FormPage):
            class Config:
                title: str = f"Execution for {state['subscription']['product']['name']} completed."

            run_status: str = state["callback_result"]["status"]
            run_results: LongText = json.dumps(state["callback_result"], indent=4)

        yield ConfirmRunPage
        state.pop("run_results")
        return state

    state = {
        "subscription": {"product": {"name": "L2VPN"}},
        "callback_result": {"status": "successful", "output": "<script>\n", "return_code": 0},
    }
    wizard = Wizard(show_callback_results, state, key="k")

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Support for class-based `config`")
        page = opened(show_callback_results, state)
        finished = answer(wizard, page)

    results = json.dumps(state["callback_result"], indent=4)
    assert page.title == "Execution for L2VPN completed."
    assert render(page).one("page-run_results")["text"] == results
    assert "<script" not in render(page).html
    assert finished.inputs == [{"run_status": "successful", "run_results": results}]
    assert finished.result == {**state, "run_status": "successful"}
    assert Wizard(show_callback_results, {}, key="confirm").open() == Finished([], {})


def test_pages_may_be_read_and_shown_without_a_wizard():
    post = render(Customer).post(name="SURF")

    inputs = page_inputs(Customer, post)
    shown = page_form(Customer, inputs=inputs)

    assert inputs == {"name": "SURF", "reference": None}
    assert 'value="SURF"' in str(shown["name"])
