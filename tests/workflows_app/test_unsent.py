"""What a form sends is refused in words when its page is older than the login."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.workflows_app.console import signed_in, text

pytestmark = pytest.mark.django_db

POST_ONLY = ("many", "many_do", "save_filter", "read_notices", "schedule_preview", "add_webhook")


@pytest.mark.parametrize("name", POST_ONLY)
def test_who_comes_by_a_login_to_what_takes_only_forms_is_told_so(name):
    client = signed_in("maria", superuser=True)

    answer = client.get(reverse(f"workflows:{name}"))

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "Nothing was sent to this address" in text(answer)
    assert 'id="unsent"' in text(answer)


def test_a_page_older_than_the_login_is_refused_in_words_and_in_the_readers_language():
    maria = signed_in("maria", superuser=True)
    client = Client(enforce_csrf_checks=True)
    client.cookies = maria.cookies

    english = client.post(reverse("workflows:preferences"))
    dutch = client.post(reverse("workflows:preferences"), headers={"accept-language": "nl"})

    assert english.status_code == dutch.status_code == 403
    assert "older than your last login" in text(english)
    assert 'id="unsent" class="wc-unsent" role="alert" hidden data-refused' in text(english)
    assert "ouder dan je laatste login" in text(dutch)


def test_a_page_that_is_not_polled_any_more_leads_back_to_itself_after_the_login():
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/admin/home/?x=1&y=2"}

    answer = Client().get(reverse("workflows:home_live"), headers=here)

    assert 'href="/admin/login/?next=%2Fadmin%2Fhome%2F%3Fx%3D1%26y%3D2"' in text(answer)


def test_somebody_without_a_login_is_refused_without_the_console():
    answer = Client(enforce_csrf_checks=True).post(reverse("admin:login"), {"username": "maria"})

    assert answer.status_code == 403
    assert "refuses cookies" in text(answer)
    assert 'id="unsent"' not in text(answer)
