"""A session ends while an operator types: what was sent then is not lost, and not done twice."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.operator import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(240)]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def sleeping(site):
    """Return a process that waits for a time."""
    process = site.client.start("show_sleep")
    site.client.until(process, "waiting")
    return process


def end_session(operator):
    operator.page.context.clear_cookies(name="sessionid")


def log_in_again(operator, *, at=None):
    user, password = operator.site.web.wait_for("first login").split(": ")[1].split(" / ")
    log_in(at or operator.page, user, password)


def log_in(page, user, password):
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def refused(operator):
    """Whether the browser has told of a refusal, as it does of each; and of nothing else."""
    told = all("403" in complaint for complaint in operator.complaints)
    return told and (operator.complaints.clear() or True)


def test_an_act_in_a_dialog_is_sent_again_after_the_login(operator, site, sleeping):
    page = operator.page
    page.goto(f"{site.address}/admin/processes/{sleeping}/")
    page.get_by_role("link", name="Abort").click()
    page.get_by_label("Reason").fill("wrong customer")
    end_session(operator)
    page.get_by_role("dialog").get_by_role("button", name="Abort").click()

    log_in_again(operator)
    expect(page.get_by_text("What you typed was kept")).to_be_visible()
    assert not list(violations(page))
    assert site.client.show(sleeping)["status"] == "waiting"
    page.get_by_role("button", name="Send it again").click()

    expect(page.get_by_text("wrong customer").first).to_be_visible()
    assert site.client.show(sleeping)["status"] == "aborted"
    page.reload()
    expect(page.get_by_role("button", name="Send it again")).to_be_hidden()


def test_what_an_older_page_sends_is_refused_in_words_and_sent_again(operator, site, sleeping):
    page = operator.page
    page.goto(f"{site.address}/admin/processes/{sleeping}/abort/")
    other = page.context.new_page()
    end_session(operator)
    other.goto(f"{site.address}/admin/home/")
    log_in_again(operator, at=other)
    other.get_by_role("heading", name="Home").wait_for()

    page.get_by_label("Reason").fill("wrong customer")
    page.get_by_role("button", name="Abort").click()
    expect(page.get_by_text("older than your last login")).to_be_visible()
    assert not list(violations(page))
    assert site.client.show(sleeping)["status"] == "waiting"
    page.get_by_role("button", name="Send it again").click()

    expect(page.get_by_text("wrong customer").first).to_be_visible()
    assert site.client.show(sleeping)["status"] == "aborted"
    assert refused(operator)


def test_a_dialog_of_an_older_page_leads_to_its_own_page(operator, site, sleeping):
    page = operator.page
    page.goto(f"{site.address}/admin/processes/{sleeping}/")
    page.get_by_role("link", name="Note", exact=True).click()
    page.get_by_role("dialog").get_by_label("Note").fill("A note that took long")
    page.context.clear_cookies(name="csrftoken")
    page.get_by_role("button", name="Save note").click()

    expect(page.get_by_text("What you typed was kept")).to_be_visible()
    page.get_by_role("button", name="Send it again").click()

    expect(page.get_by_text("A note that took long").first).to_be_visible()
    assert refused(operator)


def test_a_page_of_the_start_form_comes_back_with_those_before(operator, site):
    page = operator.page
    page.goto(f"{site.address}/admin/start/provision_l2vpn/")
    page.get_by_label("Customer").fill("Lost and Found")
    page.get_by_label("Vlan").fill("77")
    operator.go_on()
    operator.choose("Node a", "Amsterdam 1")
    operator.choose("Node b", "Utrecht 2")
    page.get_by_label("Port b").fill("ge-0/0/7")
    end_session(operator)
    operator.go_on()

    log_in_again(operator)
    page.get_by_role("button", name="Send it again").click()

    for typed in ("Lost and Found", "77", "Utrecht 2", "ge-0/0/7"):
        expect(page.get_by_text(typed, exact=True).first).to_be_visible()


def test_nobody_is_offered_what_somebody_else_typed(operator, site, sleeping):
    page = operator.page
    password = site.add_user("anna", "Administrators")
    page.goto(f"{site.address}/admin/processes/{sleeping}/note/")
    page.get_by_label("Note").fill("for my eyes")
    end_session(operator)
    page.get_by_role("button", name="Save note").click()

    log_in(page, "anna", password)

    expect(page.get_by_label("Note")).to_be_visible()
    expect(page.get_by_role("button", name="Send it again")).to_be_hidden()
    assert page.evaluate("sessionStorage.getItem('unsent')") is None


def test_a_password_is_not_kept(operator, site):
    page = operator.page
    page.goto(f"{site.address}/admin/password_change/")
    for field in page.locator("input[type=password]").all():
        field.fill("no-secret-of-mine")
    end_session(operator)
    page.get_by_role("button", name="Change my password").click()

    page.get_by_label("Username").wait_for()
    assert "no-secret" not in page.evaluate("sessionStorage.getItem('unsent')")
