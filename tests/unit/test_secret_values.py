"""Secrets are sealed in JSON, and opened for whoever asks for a SecretStr."""

from dataclasses import dataclass

import pytest
from pydantic import BaseModel, SecretBytes, SecretStr

from workflows_app.json_values import changes, replace_strings, to_json
from workflows_app.secret_values import opened, revealed, secrets_in, telling_secrets_in


class Login(BaseModel):
    user: str
    password: SecretStr


@dataclass
class Account:
    login: Login
    pin: SecretStr


@pytest.mark.parametrize(
    ("value", "reveal"),
    [
        (SecretStr("hunter2"), lambda found: found),
        ({"password": SecretStr("hunter2")}, lambda found: found["password"]),
        ([1, SecretStr("hunter2")], lambda found: found[1]),
        ((SecretStr("hunter2"),), lambda found: found[0]),
        (Login(user="maria", password="hunter2"), lambda found: found["password"]),
        ({"by": [Login(user="m", password="hunter2")]}, lambda found: found["by"][0]["password"]),
        (Account(Login(user="m", password="x"), SecretStr("hunter2")), lambda found: found["pin"]),
        (SecretBytes(b"hunter2"), lambda found: found),
    ],
)
def test_a_secret_survives_as_json_that_nobody_can_read(value, reveal):
    stored = to_json(value)

    assert "hunter2" not in str(stored)
    assert reveal(opened(stored)).get_secret_value() == "hunter2"


def test_the_rest_of_a_model_stays_what_it_was():
    stored = to_json(Account(Login(user="maria", password="a"), SecretStr("b")))

    assert stored["login"]["user"] == "maria"
    assert stored["login"].keys() == {"user", "password"}


def test_an_empty_secret_is_empty_and_ten_stars_are_ten_stars():
    assert to_json({"a": SecretStr(""), "b": "**********"}) == {"a": "", "b": "**********"}


def test_the_same_secret_is_no_change():
    before, after = (to_json({"password": SecretStr("hunter2")}) for _ in range(2))

    assert changes(before, after) == {}
    assert changes(before, to_json({"password": SecretStr("hunter3")}))


def test_a_sealed_secret_is_not_scrubbed_in_two():
    stored = to_json({"password": SecretStr("hunter2"), "note": "A"})

    replaced = replace_strings(stored, lambda text: text.replace("A", "[hidden]"))

    assert opened(replaced)["password"].get_secret_value() == "hunter2"
    assert replaced["note"] == "[hidden]"


def test_secrets_are_found_wherever_they_are():
    account = Account(Login(user="maria", password="hunter2"), SecretStr("123"))

    assert {*secrets_in([account, {"key": SecretStr("key"), "n": 1}])} == {"hunter2", "123", "key"}
    assert [*telling_secrets_in(account)] == ["hunter2"]


def test_what_is_sent_elsewhere_is_plain():
    assert revealed({"a": [SecretStr("x"), 1], "b": "y"}) == {"a": ["x", 1], "b": "y"}
