"""What is shown has stars where a secret is, or where a key says that there is one."""

import pytest
from pydantic import SecretStr

from workflows_app.json_values import to_json
from workflows_app.masking import is_masked, masked

STARS = "**********"


def test_sealed_secrets_and_values_of_telling_keys_are_masked():
    value = to_json({"pin": SecretStr("1234"), "login": {"DB_PASSWORD": "x", "user": "maria"}})

    assert masked(value) == {"pin": STARS, "login": {"DB_PASSWORD": STARS, "user": "maria"}}
    assert masked([value]) == [masked(value)]


@pytest.mark.parametrize(
    "key",
    ["password", "Password", "old_password", "client_secret", "API_KEY", "access_token", "token"],
)
def test_keys_that_tell_are_masked(key):
    assert is_masked(key)


@pytest.mark.parametrize("key", ["vlan", "tokens_used", "author", "key", "pass", "passport"])
def test_other_keys_are_not(key):
    assert not is_masked(key)


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_that_there_is_nothing_may_be_seen(nothing):
    assert masked({"password": nothing}) == {"password": nothing}


def test_a_site_chooses_the_keys(settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"MASKED_KEYS": ["community"]}

    assert masked({"community": ["public"], "password": "x"}) == {
        "community": STARS,
        "password": "x",
    }
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"MASKED_KEYS": []}
    assert masked({"community": "public"}) == {"community": "public"}
