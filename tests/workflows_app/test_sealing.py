"""Secrets in the database open with the settings' keys only."""

import pytest

from workflows_app.errors import SealBroken
from workflows_app.sealing import seal, unseal

SECRET = "whsec_æ★"


def test_what_was_sealed_opens_is_not_to_be_read_in_it_and_is_always_the_same():
    sealed = seal(SECRET)

    assert unseal(sealed) == SECRET
    assert SECRET not in sealed
    assert sealed.isascii()
    assert seal(SECRET) == sealed


def test_it_opens_with_a_former_key_until_that_is_dropped(settings):
    former = settings.SECRET_KEY
    sealed = seal(SECRET)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [former]
    assert unseal(sealed) == SECRET

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(SealBroken, match="SECRET_KEY"):
        unseal(sealed)


@pytest.mark.parametrize("wrong", ["", "gAAAA", "no seal at all ★"])
def test_what_was_never_sealed_does_not_open(wrong):
    with pytest.raises(SealBroken):
        unseal(wrong)


def test_a_changed_seal_does_not_open():
    sealed = seal(SECRET)

    with pytest.raises(SealBroken):
        unseal(sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:])
