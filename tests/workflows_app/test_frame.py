"""What is around every page of the console: menus, the way back, and how much needs the reader."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.engine import run
from tests.workflows_app.console import confirm, reserve, signed_in, text
from workflows_app import begin
from workflows_app.console import navigation, needs
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/processes/"
BASE_DIR: Path = settings.BASE_DIR


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


def header(client: Client, address: str = LIST) -> str:
    return text(client.get(address)).split("</header>")[0]


def badge(client: Client, address: str = LIST) -> str:
    found = re.search(r'id="needs-you"[^>]*>([^<]*)<', header(client, address))
    return found[1] if found else ""


def link_to(client: Client, address: str) -> bool:
    return f'href="{address}"' in header(client)


def test_the_menus_lead_to_what_the_user_may_see(maria):
    looker = signed_in("looker", "view_process")

    for address in ("/admin/subscriptions/", "/admin/products/"):
        assert link_to(maria, address)
        assert not link_to(looker, address)
    for address in (LIST, "/admin/callbacks/", "/admin/start/", "/admin/engine/", "/admin/"):
        assert link_to(looker, address)


def test_a_page_that_the_site_does_not_have_is_left_out(maria, monkeypatch):
    gone = navigation.Place("workflows:nowhere", "Nowhere")
    monkeypatch.setitem(navigation.MENUS, "more", (gone, *navigation.MORE))

    assert "Nowhere" not in header(maria)
    assert link_to(maria, "/admin/engine/")


def test_the_menu_marks_where_the_reader_is(maria):
    process = run(begin >> reserve)

    assert f'href="{LIST}" aria-current="page"' in header(maria)
    assert f'href="{LIST}" aria-current="true"' in header(maria, process.get_absolute_url())
    assert "aria-current" not in header(maria, "/admin/engine/").split("More")[0]


def test_a_page_leads_to_those_above_it(maria):
    process = run(begin >> reserve >> confirm)
    trail = text(maria.get(reverse("workflows:abort", args=[process.pk]))).split("wc-trail")[1]

    assert re.findall(r'<a href="([^"]+)"', trail.split("</ol>")[0]) == [
        LIST,
        process.get_absolute_url(),
    ]
    assert "wc-trail" not in text(maria.get(LIST))


def test_no_page_is_above_what_is_not_a_page(maria):
    for address in ("/admin/processes/nonsense/", "/admin/nowhere/at/all/"):
        assert maria.get(address).status_code == 404
    page = text(maria.get("/admin/notifications/"))
    assert '<a href="/admin/notices/">' in page.split("wc-trail")[1].split("</ol>")[0]


def test_every_page_has_one_main_part_and_a_way_to_skip_to_it(maria):
    for address in (LIST, "/admin/engine/", "/admin/start/", "/admin/products/", "/admin/"):
        page = text(maria.get(address))
        assert page.count("<main ") == 1
        assert '<a href="#content-start"' in page
        assert page.count('id="live-note"') == (address != "/admin/")
        assert re.search(r"<title>\s*\S.* \| Orchestrator</title>", page)


def test_every_page_says_how_many_forms_need_the_reader(maria):
    assert badge(maria) == "needs you: 0"
    run(begin >> reserve >> confirm)

    for address in (LIST, "/admin/engine/", "/admin/", "/admin/workflows_app/process/"):
        assert badge(maria, address) == "needs you: 1"


def test_the_badge_counts_what_its_link_lists(maria):
    run(begin >> reserve >> confirm)
    run(begin >> reserve, name="done")
    target = re.search(r'id="needs-you"[^>]* href="([^"]+)"', header(maria))

    assert target
    assert text(maria.get(target[1])).count("wc-mine") == 1


def test_nobody_is_told_of_forms_that_they_may_not_answer():
    run(begin >> reserve >> confirm)

    assert badge(signed_in("looker", "view_process")) == ""
    assert badge(signed_in("answerer", "resume_process"), "/admin/") == ""


def test_more_than_a_hundred_forms_are_not_counted(maria, monkeypatch):
    monkeypatch.setattr(needs, "MOST", 2)
    for name in ("one", "two", "three"):
        run(begin >> reserve >> confirm, name=name)

    assert badge(maria) == "needs you: 1+"


def test_an_unchanged_badge_is_a_304(maria):
    tag = maria.get("/admin/needs-you/")["ETag"]

    def poll():
        return maria.get("/admin/needs-you/", headers={"If-None-Match": tag})

    assert poll().status_code == 304
    run(begin >> reserve >> confirm)
    assert "needs you: 1" in text(poll())


def test_the_frame_costs_the_same_number_of_queries_however_much_waits(
    maria, django_assert_max_num_queries
):
    counts = []
    for rows in (1, 20):
        while Process.objects.count() < rows:
            run(begin >> reserve >> confirm)
        with django_assert_max_num_queries(8) as queries:
            maria.get("/admin/start/")
        counts.append(len(queries))

    assert counts[0] == counts[1]


# The keyboard.


def keys(page: str) -> dict[str, str]:
    """Return what each key does, as the page reads it from its help."""
    help_text = page.split("<dialog ")[1]
    found = re.findall(r'data-keys="([^"]+)" data-(?:go|does)="([^"]+)"', help_text)
    return dict(found)


def test_every_key_of_the_help_does_something_that_the_page_knows(maria):
    script = (BASE_DIR / "workflows_app/static/workflows_app/shortcuts.js").read_text()
    deeds = re.search(r"const deeds = \{(.*?)\n  \};", script, re.DOTALL)
    assert deeds
    known = set(re.findall(r"^    (\w+): ", deeds[1], re.MULTILINE))
    found = keys(text(maria.get("/admin/home/")))

    addresses = {what for what in found.values() if what.startswith("/")}
    assert set(found.values()) - addresses == known
    assert addresses == {"/admin/home/", LIST, "/admin/subscriptions/", "/admin/start/"}
    assert list(found) == ["g h", "g p", "g s", "g n", "j", "k", "o", "x", "/", "r", "?", "Escape"]
    assert all(maria.get(address).status_code == 200 for address in addresses)


def test_no_key_leads_to_a_page_that_the_user_may_not_see():
    assert "g s" not in keys(text(signed_in("looker", "view_process").get(LIST)))


def test_keys_can_be_switched_off(maria):
    def on() -> bool:
        return " data-on" in text(maria.get(LIST)).split("<dialog ")[1].split(">")[0]

    assert on()
    maria.post("/admin/preferences/", {"language": "", "time_zone": ""})
    assert not on()
    assert "switched off in your" in text(maria.get(LIST))


def test_the_keys_are_listed_without_scripts_too(maria):
    page = text(maria.get("/admin/preferences/"))

    assert '<a href="/admin/preferences/#keys"' in page
    assert page.count('data-keys="g p"') == 2
