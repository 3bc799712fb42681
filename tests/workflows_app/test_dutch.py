"""The console in another language: what is shown is translated, what is stored is not."""

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from tests.engine import run
from tests.workflows_app.console import boom, confirm, join, reserve, signed_in, text
from workflows_app import begin
from workflows_app.console.moments import Moment
from workflows_app.console.sentences import compose
from workflows_app.models import Process, ProcessEvent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dutch() -> Client:
    """Return the browser of somebody who reads Dutch and may do everything."""
    client = signed_in("maria", superuser=True)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "nl"
    return client


def url(process: Process, page: str = "") -> str:
    return f"/admin/processes/{process.pk}/{page}"


def words(response) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", text(response)).split())


def test_a_process_is_described_in_dutch(dutch) -> None:
    failed, suspended = run(begin >> reserve >> boom), run(begin >> reserve >> confirm)
    join("maria", "NOC")

    assert "mislukt" in words(dutch.get(url(failed)))
    shown = words(dutch.get(url(suspended)))
    assert re.search(r"wacht op jou · Resultaat bevestigen · al \d+ s", shown)
    assert "gestart" in shown
    listed = words(dutch.get("/admin/processes/"))
    assert "wacht op invoer" in listed
    assert "Geen proces past bij deze filters." in words(dutch.get("/admin/processes/?q=qqq"))


def test_what_is_done_in_dutch_is_stored_in_english(dutch) -> None:
    process = run(begin >> reserve >> boom)
    question = words(dutch.get(url(process, "abort/")))
    assert "Het proces eindigt hier en kan niet worden hervat." in question

    done = dutch.post(url(process, "abort/"), {"reason": "klaar ermee"}, follow=True)

    assert "Afgebroken." in words(done)
    assert "afgebroken" in words(done)
    event = ProcessEvent.objects.get(process=process, action="aborted")
    assert event.reason == "klaar ermee"
    process.refresh_from_db()
    assert process.status == "aborted"


def test_a_refusal_is_in_the_language_of_who_is_refused(dutch) -> None:
    process = run(begin >> reserve)

    console = dutch.post(url(process, "abort/"), {"reason": "x"}, follow=True)
    api = dutch.put(f"/api/processes/{process.pk}/abort", content_type="application/json")

    assert "Status van het proces: voltooid; het is al beëindigd." in words(console)
    assert "the process is completed; it has already ended" in text(api)


def test_instants_stay_instants_in_a_translated_sentence() -> None:
    moment = Moment(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))

    assert compose("al %(span)s bij %(who)s, 5 %%", who="NOC", span=moment) == [
        "al ", moment, " bij ", "NOC", ", 5 %",
    ]  # fmt: skip
