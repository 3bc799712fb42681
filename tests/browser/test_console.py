"""Operators order, watch, confirm and repair, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.operator import PATIENCE_MS
from tests.cluster.processes import until

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(240)]

expect.set_options(timeout=PATIENCE_MS)


def test_an_l2vpn_is_ordered_watched_and_confirmed(operator, site):
    site.start_runner()
    page = operator.page
    page.get_by_role("link", name="Start a process").click()
    page.get_by_role("link", name="Provision L2VPN").first.click()

    fill_in_both_pages(operator)
    page.evaluate("window.notReloaded = true")
    percents = watch_the_bar(page)

    assert len(percents) > 1, "the bar did not move"
    assert percents == sorted(percents)
    expect(
        page.get_by_role("heading", name="Playbook for EXAMPLE UNIV-1001 completed")
    ).to_be_visible()
    assert page.evaluate("window.notReloaded"), "the page was loaded again"
    expect(page.get_by_label("Run status")).to_have_value("successful")
    assert "Configure pseudowire" in page.get_by_label("Run results").input_value()

    page.get_by_role("button", name="Confirm and continue").click()

    expect(page.locator(".wc-badge")).to_contain_text("completed")
    steps = page.get_by_role("region", name="Steps")
    expect(steps.locator("summary").filter(has_text="Activate")).to_contain_text("done")


def test_an_l2vpn_is_ordered_and_confirmed_with_the_keyboard_alone(operator, site):
    site.start_runner()
    page, keyboard = operator.page, operator.page.keyboard
    operator.tab_to("link", "Start a process")
    operator.press("Enter")
    operator.tab_to("link", "Provision L2VPN")
    operator.press("Enter")

    operator.tab_to("textbox", "Customer")
    keyboard.type("Polar Institute")
    operator.tab_to("spinbutton", "Vlan")
    keyboard.type("1002")
    operator.press("Enter")
    operator.tab_to("radio", "Amsterdam 1", group="Node a")
    operator.press("Space")
    operator.tab_to("radio", "Amsterdam 1", group="Node b")
    operator.press("ArrowDown", "Enter")

    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    operator.tab_to("button", "Start Provision L2VPN")
    operator.press("Enter")
    page.get_by_role("button", name="Confirm and continue").wait_for()
    operator.tab_to("button", "Confirm and continue")
    operator.press("Enter")

    expect(page.locator(".wc-badge")).to_contain_text("completed")


def test_a_failure_is_understood_and_repaired_with_the_keyboard_alone(operator, site, system):
    answers = iter([5, 0])
    system.before_it_takes_an_order = lambda order: system.answer(order, return_code=next(answers))
    page = operator.page

    operator.tab_to("link", "Start a process")
    operator.press("Enter")
    operator.tab_to("link", "Order at a remote system")
    operator.press("Enter")
    operator.tab_to("textbox", "System")
    page.keyboard.type(system.address)
    operator.press("Enter")
    expect(page.locator(".wc-badge")).to_contain_text("failed")
    expect(page.get_by_role("region", name="Steps")).to_contain_text("Playbook failed")

    operator.tab_to("link", "Retry")
    operator.press("Enter")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("the line is repaired")
    operator.press("Enter")
    operator.tab_to("button", "Confirm and continue")
    operator.press("Enter")

    expect(page.locator(".wc-badge")).to_contain_text("completed")
    operator.press("Escape")
    page.locator("#log-open").click()
    expect(page.get_by_role("row", name="retried")).to_contain_text("the line is repaired")


def fill_in_both_pages(operator):
    """Fill in the order with a mistake, look back, and mend it."""
    page = operator.page
    page.get_by_label("Customer").fill("Example University")
    page.get_by_label("Vlan").fill("1001")
    operator.go_on()

    expect(page.get_by_role("heading", name="The two ends of VLAN 1001")).to_be_visible()
    operator.choose("Node a", "Amsterdam 1")
    operator.choose("Node b", "Amsterdam 1")
    page.get_by_label("Port b").fill("ge-7/0/7")
    operator.go_on()
    expect(page.get_by_role("alert")).to_contain_text("An L2VPN connects two different nodes.")
    expect(page.get_by_label("Port b")).to_have_value("ge-7/0/7")

    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Customer")).to_have_value("Example University")
    operator.go_on()
    expect(page.get_by_label("Port b")).to_have_value("ge-7/0/7")
    operator.choose("Node b", "Utrecht 2")
    operator.go_on()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    page.get_by_role("button", name="Start Provision L2VPN").click()


def watch_the_bar(page):
    """Return the percentages that the page shows by itself until the form appears."""
    seen = []

    def confirming():
        shown = page.evaluate("document.querySelector('progress')?.value")
        if shown is not None and shown not in seen:
            seen.append(shown)
        return page.get_by_role("button", name="Confirm and continue").is_visible()

    until(confirming, "the form appears")
    return seen
