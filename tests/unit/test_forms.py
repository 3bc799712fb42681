import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from unittest import mock

import pytest
from pydantic import BaseModel, Field, SecretStr, model_validator

from workflows_app import forms
from workflows_app.errors import NotJSON
from workflows_app.forms import (
    Button,
    ButtonsConfig,
    Complete,
    FormPage,
    MalformedInputs,
    NextPage,
    Rejected,
    SubmitFormPage,
    TooManyPages,
    callout,
    page_document,
    walk,
)
from workflows_app.secret_values import opened

Note = callout(header="Careful", message_type="warning")


class Customer(FormPage):
    name: str


class Order(SubmitFormPage):
    amount: int
    price: Decimal = Decimal("1.50")


def two_pages(state):
    customer = yield Customer
    order = yield Order
    return {"customer": customer.name, "order": order.model_dump(), "seen": state["ticket"]}


def document_of(*arguments):
    outcome = walk(*arguments)
    assert not isinstance(outcome, Complete)
    return page_document(outcome)


def test_every_public_name_is_there():
    assert [name for name in forms.__all__ if not hasattr(forms, name)] == []


def test_a_form_without_inputs_asks_for_its_first_page():
    assert walk(two_pages, {"ticket": 7}, []) == NextPage(Customer, 0)


def test_the_last_page_says_that_none_follows():
    assert walk(two_pages, {"ticket": 7}, [{"name": "SURF"}]) == NextPage(Order, 1, has_next=False)


def test_a_refused_page_says_which_and_why():
    outcome = walk(two_pages, {}, [{"name": "SURF"}, {"amount": "many"}])

    assert isinstance(outcome, Rejected)
    assert (outcome.model, outcome.index) == (Order, 1)


def test_a_complete_form_gives_plain_json():
    outcome = walk(two_pages, {"ticket": 7}, [{"name": "SURF"}, {"amount": 2}])

    assert outcome == Complete(
        {"customer": "SURF", "order": {"amount": 2, "price": "1.50"}, "seen": 7}
    )


def test_walking_leaves_the_state_and_the_inputs_alone():
    state, inputs = {"ticket": 7, "list": []}, [{"name": "SURF"}]

    walk(two_pages, state, inputs)

    assert (state, inputs) == ({"ticket": 7, "list": []}, [{"name": "SURF"}])


def test_more_inputs_than_pages_are_refused():
    with pytest.raises(TooManyPages):
        walk(two_pages, {"ticket": 7}, [{"name": "SURF"}, {"amount": 2}, {}])


@pytest.mark.parametrize("inputs", [None, {}, "text", [1], [{}, []], [{"self": 1}]])
def test_inputs_that_are_no_list_of_objects_are_malformed(inputs):
    with pytest.raises(MalformedInputs):
        walk(two_pages, {}, inputs)


@pytest.mark.parametrize("text", ["\0", "a\ud800"])
def test_text_that_no_database_stores_is_malformed(text):
    for inputs in [{"name": text}, {text: 1}, {"name": [{"deep": text}]}]:
        with pytest.raises(MalformedInputs, match="page 1"):
            walk(Customer, {}, [inputs])


def test_text_in_any_script_is_fine():
    outcome = walk(Customer, {}, [{"name": "Zoë 🦉 \\u0000"}])

    assert outcome == Complete({"name": "Zoë 🦉 \\u0000"})


def test_infinity_is_no_number():
    class Page(FormPage):
        ratio: float

    assert isinstance(walk(Page, {}, [{"ratio": "inf"}]), Rejected)


def test_unknown_fields_are_refused():
    assert isinstance(walk(Customer, {}, [{"name": "SURF", "more": 1}]), Rejected)


def test_a_page_model_is_a_form_of_one_page():
    assert walk(Customer, {}, []) == NextPage(Customer, 0, has_next=False)
    assert walk(Customer, {}, [{"name": "SURF"}]) == Complete({"name": "SURF"})


def test_a_function_may_return_its_only_page():
    def form(state):
        return Order if state["ordering"] else Customer

    assert walk(form, {"ordering": True}, []) == NextPage(Order, 0, has_next=False)
    assert walk(form, {"ordering": False}, [{"name": "SURF"}]) == Complete({"name": "SURF"})


def test_a_function_may_have_nothing_to_ask():
    assert walk(lambda state: state, {"ticket": 7}, []) == Complete({"ticket": 7})


def test_a_generator_that_ends_without_a_result_completes_with_nothing():
    def form(state):
        yield Customer

    assert walk(form, {}, [{"name": "SURF"}]) == Complete({})


def test_a_generator_may_end_with_its_filled_page():
    def form(state):
        return (yield Customer)

    assert walk(form, {}, [{"name": "SURF"}]) == Complete({"name": "SURF"})


@pytest.mark.parametrize("result", [3, "text", ["list"]])
def test_a_form_that_ends_with_something_else_is_broken(result):
    with pytest.raises(TypeError, match="ends with a mapping"):
        walk(lambda state: result, {}, [])


def test_a_result_that_json_cannot_hold_is_refused():
    with pytest.raises(NotJSON, match="the result of the form"):
        walk(lambda state: {"bad": object()}, {}, [])


def test_what_the_author_raises_comes_out():
    def form(state):
        yield Customer
        raise LookupError(state["name"])

    with pytest.raises(LookupError, match="SURF"):
        walk(form, {}, [{"name": "SURF"}])


def test_the_pages_own_values_cannot_be_changed():
    class Page(FormPage):
        name: forms.Label = "fixed"
        number: int = Field(7, frozen=True)

    outcome = walk(Page, {}, [{"name": "other", "number": 8}])

    assert outcome == Complete({"name": "fixed", "number": 7})


def test_the_document_of_a_missing_page_holds_its_schema():
    document = document_of(two_pages, {}, [])

    assert document["status"] == 510
    assert document["type"] == "FormNotCompleteError"
    assert document["detail"] == "Page 1 of the form is needed."
    assert document["meta"] == {"hasNext": True}
    assert document["form"]["properties"]["name"] == {"title": "Name", "type": "string"}
    assert json.loads(json.dumps(document)) == document


def test_the_document_of_the_last_page_says_so():
    document = document_of(two_pages, {}, [{"name": "SURF"}])

    assert document["meta"] == {"hasNext": False}


def test_the_document_carries_the_authors_meta_and_buttons():
    class Page(FormPage):
        meta__ = {"hasNext": False}
        buttons: ButtonsConfig = ButtonsConfig(next=Button(text="Go"))
        when: date = date(2026, 1, 2)
        note: Note = None  # type: ignore[valid-type]

    def form(state):
        yield Page

    document = document_of(form, {}, [])

    assert document["meta"] == {"hasNext": False, "customButtons": {"next": {"text": "Go"}}}
    assert json.loads(json.dumps(document)) == document


def test_the_document_of_a_refused_page_lists_what_is_wrong():
    document = document_of(two_pages, {}, [{"name": "SURF"}, {"amount": "many"}])

    assert document["status"] == 400
    assert document["type"] == "FormValidationError"
    assert document["detail"] == "1 value was refused on page 2 of the form."
    assert [(error["loc"], error["type"]) for error in document["validation_errors"]] == [
        (["amount"], "int_parsing")
    ]


def test_an_error_of_the_whole_page_is_at_its_root():
    class Page(FormPage):
        @model_validator(mode="after")
        def refuse(self):
            raise ValueError("Nothing fits.")

    document = document_of(Page, {}, [{}])

    assert document["validation_errors"] == [
        {"loc": ["__root__"], "msg": "Nothing fits.", "type": "value_error"}
    ]


def test_any_pydantic_model_may_be_a_page():
    class Plain(BaseModel):
        name: str

    def form(state):
        filled = yield Plain
        return {"name": filled.name}

    assert document_of(form, {}, [])["meta"] == {"hasNext": True}
    assert walk(form, {}, [{"name": "SURF"}]) == Complete({"name": "SURF"})


def test_a_secret_is_sealed_in_the_result():
    class Page(FormPage):
        password: SecretStr

    outcome = walk(Page, {}, [{"password": "hunter2"}])

    assert outcome == Complete({"password": {"$secret": mock.ANY}})
    assert "hunter2" not in str(outcome)
    assert opened(outcome.state)["password"].get_secret_value() == "hunter2"


def test_inputs_are_not_printed():
    code = (
        "from workflows_app.forms import FormPage, walk\n"
        "class Page(FormPage):\n    secret: str\n"
        "walk(Page, {}, [{'secret': 'hunter2'}])"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout + ran.stderr == ""
