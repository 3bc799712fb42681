"""What an operator looks through before a form is sent, and the way back from there."""

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, SecretStr

from tests.unit.rendered import Rendered, render
from workflows_app.forms import (
    Accept,
    Choice,
    Divider,
    FormPage,
    Hidden,
    Label,
    SubmitFormPage,
    choice_list,
    read_only_field,
)
from workflows_app.wizard import Finished, FormChanged, Page, Review, Wizard
from workflows_app.wizard.draft import Draft


class Speed(Choice):
    SLOW = "1G", "1 Gbit/s"
    FAST = "10G", "10 Gbit/s"


class Port(BaseModel):
    name: str
    tagged: bool = True


class Customer(FormPage):
    model_config = {"title": "Customer"}

    name: str


class Vlan(FormPage):
    vlan: int


class Confirm(SubmitFormPage):
    remark: str = ""


def form(state):
    customer = yield Customer
    if customer.name != "None":
        yield Vlan
    if customer.name == "Three":
        yield Confirm
    return {}


@pytest.fixture
def wizard():
    return Wizard(form, {}, key="start", reviews=True)


def answer(wizard, page, **changes):
    return wizard.post(render(page).post(**changes))


def reviewed(wizard, name="SURF", vlan="5"):
    return answer(wizard, answer(wizard, wizard.open(), name=name), vlan=vlan)


def press(wizard, review, name, value="1"):
    return wizard.post(render(review).post(**{name: value}))


def test_nothing_is_sent_before_it_was_reviewed(wizard):
    review = reviewed(wizard)

    assert isinstance(review, Review)
    assert press(wizard, review, "send") == Finished([{"name": "SURF"}, {"vlan": 5}], {})


def test_a_review_says_what_will_be_sent_page_by_page(wizard):
    html = render(reviewed(wizard, name="<b>"), submit_label="Start it").html

    assert "<h3>Customer</h3>" in html
    assert "<h3>Page 2</h3>" in html
    assert "&lt;b&gt;" in html
    assert "Start it" in html


def test_a_change_leads_back_to_the_review_at_once(wizard):
    page = press(wizard, reviewed(wizard), "open", "0")
    assert render(page).one("page-name")["value"] == "SURF"

    review = answer(wizard, page, name="Other")

    assert press(wizard, review, "send").inputs == [{"name": "Other"}, {"vlan": 5}]


def test_a_change_that_asks_for_more_leads_to_what_is_missing(wizard):
    page = press(wizard, reviewed(wizard), "open", "0")

    page = answer(wizard, page, name="Three")

    assert page.index == 2
    review = answer(wizard, page, remark="x")
    assert [entry.index for entry in review.pages] == [0, 1, 2]


def test_a_change_that_asks_for_less_forgets_the_rest(wizard):
    page = press(wizard, reviewed(wizard), "open", "0")

    review = answer(wizard, page, name="None")

    assert press(wizard, review, "send").inputs == [{"name": "None"}]


def test_a_change_that_is_refused_is_shown_with_what_was_typed(wizard):
    page = press(wizard, reviewed(wizard), "open", "1")

    page = answer(wizard, page, vlan="many")

    assert (page.index, page.rejected) == (1, True)
    assert render(page).one("page-vlan")["value"] == "many"


def test_back_from_the_review_is_the_last_page(wizard):
    page = press(wizard, reviewed(wizard), "back")

    assert page.index == 1
    assert render(page).one("page-vlan")["value"] == "5"


@pytest.mark.parametrize("at", ["2", "-1", "x", "", "9" * 500])
def test_a_page_that_is_not_there_is_the_review_again(wizard, at):
    assert isinstance(press(wizard, reviewed(wizard), "open", at), Review)


def test_a_form_is_not_sent_by_a_draft_that_was_never_reviewed(wizard):
    forged = wizard.envelope.close(Draft(before=[{"name": "SURF"}, {"vlan": 5}]))

    with pytest.raises(FormChanged):
        wizard.post(render(reviewed(wizard)).post(send="1", pages=forged))


def test_a_form_of_one_page_that_says_so_needs_one_click():
    page = Wizard(Customer, {}, key="k", reviews=True).open()

    assert isinstance(page, Page)
    assert page.sends
    assert "Start it" in render(page, submit_label="Start it").html


def test_a_form_that_may_have_more_pages_says_so_and_is_reviewed():
    def unsure(state):
        yield Customer
        return {}

    wizard = Wizard(unsure, {}, key="k", reviews=True)
    page = wizard.open()

    assert "Continue" in render(page, submit_label="Start it").html
    assert "Start it" not in render(page, submit_label="Start it").html
    assert isinstance(answer(wizard, page, name="x"), Review)


@pytest.mark.parametrize(("asked", "answered"), [(True, Review), (False, Finished)])
@pytest.mark.parametrize("reviews", [True, False])
def test_the_author_decides_whether_there_is_a_review(asked, answered, reviews):
    class Only(SubmitFormPage):
        meta__ = {"hasNext": False, "review": asked}  # type: ignore[assignment]

        name: str

    wizard = Wizard(Only, {}, key="k", reviews=reviews)

    assert isinstance(answer(wizard, wizard.open(), name="x"), answered)


def test_a_page_says_how_far_it_is(wizard):
    first = wizard.open()
    second = answer(wizard, first, name="Three")
    third = answer(wizard, second, vlan="5")
    again = answer(wizard, third, back="1")

    assert [page.progress for page in (first, second, third, again)] == [
        "",
        "Page 2",
        "Page 3 of 3",
        "Page 2 of at least 3",
    ]


def test_what_was_given_fills_in_every_page_that_asks_for_it_but_no_secret():
    class Secret(SubmitFormPage):
        password: str
        vlan: int
        key: SecretStr

    def asking(state):
        yield Customer
        yield Secret

    wizard = Wizard(asking, {}, key="k")
    first = wizard.open({"name": "SURF", "vlan": 7, "key": "hunter2", "other": 1})
    second = answer(wizard, first)

    assert render(first).one("page-name")["value"] == "SURF"
    assert second.form["vlan"].value() == 7
    assert not second.form["key"].value()


def test_what_was_cleared_is_not_filled_in_again(wizard):
    first = wizard.open({"name": "SURF", "vlan": 7})
    second = answer(wizard, first)

    second = answer(wizard, second, vlan="")

    assert second.rejected
    assert not second.form["vlan"].value()


def test_what_was_sent_is_there_again_when_it_is_refused(wizard):
    page = wizard.open()
    review = reviewed(wizard)

    typed = wizard.again(render(page).post(name="typed"))
    again = wizard.again(render(review).post(send="1"))

    assert render(typed).one("page-name")["value"] == "typed"
    assert [entry.index for entry in again.pages] == [0, 1]


class Everything(SubmitFormPage):
    label: Label
    divider: Divider
    hidden: Hidden
    fixed: read_only_field("fixed")  # type: ignore[valid-type]
    speed: Speed
    speeds: choice_list(Speed)  # type: ignore[valid-type]
    at: datetime
    done: Accept
    port: Port
    ports: list[Port]
    maybe: Port | None = None
    secret: SecretStr
    empty: str = ""
    on: bool = False
    lines: list[str] = []
    notes: dict[str, int] = {}


def test_values_are_said_as_people_read_them():
    wizard = Wizard(Everything, {}, key="k", reviews=True)
    inputs = {
        "speed": "10G",
        "speeds": ["1G", "10G"],
        "at": datetime(2026, 2, 28, 12, 30, tzinfo=UTC).isoformat(),
        "done": "ACCEPTED",
        "port": {"name": "a", "tagged": True},
        "ports": [{"name": "b"}, {"name": "c"}],
        "secret": "hunter2",
        "lines": ["x", "y"],
        "notes": {"a": 1},
    }
    closed = wizard.envelope.close(Draft([inputs], reviewed=True))

    review = wizard.post(Rendered(f'<input name="pages" value="{closed}">').post())
    assert isinstance(review, Review)
    (page,) = review.pages
    said = {
        entry.label: entry.lines or [part.label for part in entry.parts] for entry in page.entries
    }

    assert said == {
        "Speed": ["10 Gbit/s"],
        "Speeds": ["1 Gbit/s", "10 Gbit/s"],
        "At": ["2026-02-28 12:30:00 UTC"],
        "Done": ["Accepted"],
        "Port": ["Name", "Tagged"],
        "Ports": ["Ports 1", "Ports 2"],
        "Maybe": [],
        "Secret": ["••••••••"],
        "Empty": [],
        "On": ["No"],
        "Lines": ["x", "y"],
        "Notes": ['{\n  "a": 1\n}'],
    }
    assert "hunter2" not in render(review).html
    assert page.entries[5].parts[0].parts[1].lines == ["Yes"]
