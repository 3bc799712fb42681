"""Every reader has a language and a time zone: chosen, the browser's, or the site's."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation

from tests.engine import run
from tests.workflows_app.console import reserve, signed_in, text
from workflows_app import begin
from workflows_app.models import Preferences, Process

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/preferences/"
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def afterwards():
    """Leave the language and the time zone of the tests as they were."""
    with translation.override("en"), timezone.override(None):
        yield


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", "view_process")


@pytest.fixture
def process() -> Process:
    process = run(begin >> reserve)
    Process.objects.filter(pk=process.pk).update(created_at=NOON, finished_at=NOON)
    return process


def prefer(**choices) -> None:
    Preferences.objects.update_or_create(user=User.objects.get(), defaults=choices)


def started(client: Client, process: Process) -> str:
    """Return the instant of the start as the page has it."""
    found = re.search(r'title="(2026-07-01[^"]*)"', text(client.get(process.get_absolute_url())))
    assert found
    return found[1]


def language(client: Client, address: str = PAGE, **headers: str) -> str:
    found = re.search(r'<html lang="([^"]+)"', text(client.get(address, headers=headers)))
    assert found
    return found[1]


def test_choices_are_kept_and_can_be_taken_back(maria):
    assert "Your preferences are saved" not in text(maria.get(PAGE))
    assert not Preferences.objects.exists()

    chosen = {"language": "nl", "time_zone": "Europe/Amsterdam"}
    assert maria.post(PAGE, chosen)["Location"] == PAGE
    row = Preferences.objects.get()
    assert (row.language, row.time_zone, row.shortcuts) == ("nl", "Europe/Amsterdam", False)
    page = text(maria.get(PAGE))
    assert 'value="nl" lang="nl" selected' in page
    assert 'value="Europe/Amsterdam" maxlength' in page

    maria.post(PAGE, {"language": "", "time_zone": "", "shortcuts": "on"})
    row.refresh_from_db()
    assert (row.language, row.time_zone, row.shortcuts) == ("", "", True)


@pytest.mark.parametrize(
    "sent",
    [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "Europe/Amsterdam\0"},
        {"time_zone": "x" * 5000},
        {"language": "xx"},
        {"language": "nl\0"},
    ],
)
def test_what_is_no_choice_is_refused_in_words(maria, sent):
    answer = maria.post(PAGE, sent)

    assert answer.status_code == 400
    assert 'role="alert"' in text(answer)
    assert not Preferences.objects.exists()


def test_the_page_is_for_whoever_is_staff():
    assert signed_in("newcomer").get(PAGE).status_code == 200
    assert Client().get(PAGE)["Location"].startswith("/admin/login/")


def test_the_chosen_time_zone_comes_before_the_browsers(maria, process):
    assert started(maria, process) == "2026-07-01T12:00:00+00:00"

    maria.cookies["time_zone"] = "America/New_York"
    assert started(maria, process) == "2026-07-01T08:00:00-04:00"

    prefer(time_zone="Europe/Amsterdam")
    assert started(maria, process) == "2026-07-01T14:00:00+02:00"


@pytest.mark.parametrize("said", ["Mars/Olympus", "../../etc/passwd", "Factory", "", "é" * 900])
def test_a_time_zone_that_there_is_not_is_not_believed(maria, process, said):
    maria.cookies["time_zone"] = said

    assert started(maria, process).endswith("+00:00")


def test_a_choice_that_is_no_longer_possible_is_none(maria, process):
    prefer(time_zone="Mars/Olympus", language="xx")

    assert started(maria, process).endswith("+00:00")
    assert language(maria) == "en"


def test_the_chosen_language_comes_before_the_browsers(maria):
    assert language(maria) == "en"
    assert language(maria, accept_language="nl,en;q=0.5") == "nl"

    prefer(language="en")
    answer = maria.get(PAGE, headers={"accept-language": "nl"})
    assert answer["Content-Language"] == "en"
    prefer(language="nl")
    assert maria.get(PAGE)["Content-Language"] == "nl"
    assert language(maria, "/admin/processes/") == "nl"


def test_nobody_inherits_the_language_of_who_asked_before(maria):
    prefer(language="nl", time_zone="Asia/Tokyo")
    maria.get(PAGE)

    assert language(Client(), "/admin/login/") == "en"
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_api_stays_english_and_in_the_sites_time_zone(maria, process):
    prefer(language="nl", time_zone="Asia/Tokyo")
    maria.get(PAGE)

    answer = maria.get(f"/api/processes/{process.pk}")

    assert answer.json()["created_at"] == "2026-07-01T12:00:00Z"
    assert "Content-Language" not in answer


def test_preferences_cost_one_query(maria, django_assert_num_queries):
    maria.get(PAGE)

    # The session, the user, the preferences, two for the permissions, and whether it is paused.
    with django_assert_num_queries(6):
        maria.get(PAGE)
