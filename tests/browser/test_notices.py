"""The bell tells whoever looks at a page, once, and takes back what somebody has seen to."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.operator import PATIENCE_MS
from tests.cluster.processes import until

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(240)]

ALLOWED = """
window.shown = [];
window.Notification = class extends EventTarget {
  static permission = "granted";
  constructor(title) { super(); window.shown.push(title); }
};
"""
HIDE = "Object.defineProperty(document, 'hidden', { value: true, configurable: true })"
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def suspend(site, system):
    """Return a function that starts a process, and returns it when it waits for its form."""
    system.before_it_takes_an_order = system.answer

    def start():
        process = site.client.start("remote_order", {"system": system.address})
        site.client.until(process, "suspended")
        return process

    return start


def test_a_form_that_waits_is_told_on_the_page_once_and_is_gone_when_it_is_answered(
    operator, site, suspend
):
    page = operator.page
    page.goto(f"{site.address}/admin/notifications/")
    bell, toasts = page.locator("#bell"), page.locator("#wc-toasts")
    expect(bell).to_have_attribute("hx-trigger", "every 5s")  # It has been answered once.

    process = suspend()

    toast = toasts.get_by_role("link", name="needs input: Confirm results")
    expect(toast).to_be_visible()
    expect(toasts).to_have_attribute("aria-live", "polite")
    number = (toast.get_attribute("href") or "").rstrip("/").rpartition("/")[2]
    told = page.locator(f'[data-notice="{number}"]')
    expect(told).to_have_count(1)
    page.reload()
    expect(told).to_have_count(1)
    expect(toasts.get_by_role("link")).to_have_count(0)

    site.client.resume(process, {})

    expect(told).to_have_count(0)
    page.goto(f"{site.address}/admin/notices/")
    row = page.get_by_role("row").filter(has=page.locator(f'a[href$="/notices/{number}/"]'))
    expect(row.first).to_contain_text("answered by admin")


def test_a_toast_leads_to_its_process_and_can_be_closed(operator, site, suspend):
    page = operator.page
    page.goto(f"{site.address}/admin/processes/")
    expect(page.locator("#bell")).to_have_attribute("hx-trigger", "every 5s")
    process = suspend()
    toasts = page.locator("#wc-toasts")

    toasts.get_by_role("button", name="Close").first.click()
    expect(toasts.get_by_role("link")).to_have_count(0)

    page.locator("#bell").click()
    expect(page).to_have_url(re.compile(r"/admin/notices/\?show=unread$"))
    page.locator(".wc-notices tbody a").first.click()
    expect(page).to_have_url(re.compile(rf"/admin/processes/{process}/$"))
    site.client.resume(process, {})


def test_a_browser_that_was_allowed_to_calls_the_operator_back(operator, site, suspend):
    page = operator.page
    page.add_init_script(ALLOWED)
    page.clock.install()
    page.goto(f"{site.address}/admin/processes/")
    expect(page.locator("#bell")).to_have_attribute("hx-trigger", "every 5s")
    page.evaluate(HIDE)

    process = suspend()

    def told():
        page.clock.fast_forward(30_000)
        return page.evaluate("shown")

    [title] = until(told, "the browser shows it")
    assert title.endswith("needs input: Confirm results")
    expect(page.locator("#wc-toasts").get_by_role("link")).to_have_count(0)
    site.client.resume(process, {})


def test_a_webhook_s_secret_can_be_copied_once(operator, site):
    page = operator.page
    page.goto(f"{site.address}/admin/notifications/")
    page.get_by_label("Name").fill("Chat")
    page.get_by_label("Address", exact=True).fill("https://chat.example/hook")
    page.get_by_role("button", name="Add a webhook").click()

    expect(page.locator(".wc-fresh code")).to_contain_text("whsec_")
    page.reload()
    expect(page.locator(".wc-fresh")).to_have_count(0)
    page.get_by_text("Delete…").first.click()
    page.get_by_role("button", name="Delete the webhook").click()
    expect(page.locator(".wc-endpoints")).to_have_count(0)
