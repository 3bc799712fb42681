"""Several people at one site: what each may do, and what becomes of two answers to one form."""

import contextlib
import re

import pytest
from playwright.sync_api import expect

from tests.browser.operator import operator_of

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def people(site):
    """Add somebody for each role."""
    names = {"reader": "Readers", "operator": "Operators", "administrator": "Administrators"}
    return {name: site.add_user(name, role) for name, role in names.items()}


@pytest.fixture
def at_work(site, browser, people):
    """Return a function that logs a person in at a browser of their own."""
    with contextlib.ExitStack() as windows:

        def log_in(name):
            person = windows.enter_context(operator_of(site, browser))
            person.log_in(name, people[name])
            return person

        yield log_in


@pytest.fixture
def failed(site, system):
    """Return a process that has failed."""
    system.before_it_takes_an_order = lambda order: system.answer(order, return_code=5)
    process = site.client.start("remote_order", {"system": system.address})
    site.client.until(process, "failed")
    return process


@pytest.fixture
def suspended(site, system):
    """Return a process that waits for a form that any operator may answer."""
    system.before_it_takes_an_order = system.answer
    process = site.client.start("remote_order", {"system": system.address})
    site.client.until(process, "suspended")
    return process


@pytest.mark.parametrize(
    ("name", "offered", "withheld"),
    [
        ("reader", [], ["Retry", "Abort", "Note", "Skip step", "Edit state"]),
        ("operator", ["Retry", "Abort", "Note"], ["Skip step", "Edit state"]),
        ("administrator", ["Retry", "Abort", "Note", "Skip step", "Edit state"], []),
    ],
)
def test_everybody_is_offered_what_their_role_may_do(
    at_work, site, failed, name, offered, withheld
):
    person = at_work(name)
    page = person.page
    page.goto(f"{site.address}/admin/processes/{failed}/")

    for words in offered:
        expect(page.get_by_role("link", name=words, exact=True)).to_be_visible()
    for words in withheld:
        expect(page.get_by_role("link", name=words, exact=True)).to_have_count(0)
    assert not person.complaints


@pytest.mark.parametrize("name", ["reader", "operator", "administrator"])
def test_the_address_of_an_action_is_refused_to_who_may_not(at_work, site, failed, name):
    every = ["retry", "abort", "skip", "edit"]
    allowed = {"reader": [], "operator": ["retry", "abort"], "administrator": every}[name]
    page = at_work(name).page

    for action in every:
        response = page.goto(f"{site.address}/admin/processes/{failed}/{action}/")

        assert response is not None
        assert response.status == (200 if action in allowed else 403)
        if action not in allowed:
            expect(page.get_by_text(re.compile(f"may not {action}"))).to_be_visible()


def test_of_two_operators_one_wins_and_the_other_is_told_who_and_when(at_work, site, suspended):
    quick, slow = at_work("operator"), at_work("administrator")
    for person in (quick, slow):
        person.page.goto(f"{site.address}/admin/processes/{suspended}/")
        expect(person.page.get_by_role("button", name="Confirm and continue")).to_be_visible()
    slow.page.route("**/live/**", lambda route: route.abort())  # It has not heard of it yet.

    quick.page.get_by_role("button", name="Confirm and continue").click()
    expect(quick.page.locator(".wc-badge")).to_contain_text("completed")
    slow.page.get_by_role("button", name="Confirm and continue").click()

    expect(slow.page.get_by_text(re.compile(r"answered.* by operator"))).to_be_visible()
    assert site.client.show(suspended)["status"] == "completed"
    assert not quick.complaints
