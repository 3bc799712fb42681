"""Two hundred processes are found, chosen and aborted, and the list is polled the while."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.operator import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(300)]

expect.set_options(timeout=PATIENCE_MS)
COUNT = 200


@pytest.fixture
def listed(site):
    """Return the address of a list of those that sleep from now on."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return f"{site.address}/admin/processes/?workflow=show_sleep&status=waiting&started_after={now}"


def waiting(site, count: int) -> list[str]:
    """Start processes that wait for a time; return their ids."""
    started = [site.client.start("show_sleep") for _ in range(count)]
    for process in started:
        site.client.until(process, "waiting")
    return started


def aborted(site, processes: list[str]) -> int:
    return sum(site.client.show(process)["status"] == "aborted" for process in processes)


def test_a_selection_survives_the_polls_and_says_what_can_be_done(operator, site, listed):
    page, started = operator.page, waiting(site, 51)
    page.goto(listed)
    boxes = page.locator("input[name=process]")
    expect(boxes).to_have_count(50)

    boxes.nth(1).check()
    boxes.nth(3).focus()
    page.keyboard.press("Space")
    chosen = [boxes.nth(at).input_value() for at in (1, 3)]
    scrolled = page.evaluate("scrollTo(0, 400), scrollY")
    with page.expect_response(lambda answer: "/rows/" in answer.url and answer.status == 200):
        site.client.send("PUT", f"processes/{started[0]}/abort", {"reason": "one less"})

    expect(page.locator("#many-count")).to_have_text("2 selected")
    checked = page.locator("input[name=process]:checked")
    expect(checked).to_have_count(2)
    assert [checked.nth(at).input_value() for at in (0, 1)] == chosen
    assert page.evaluate("document.activeElement.value") == chosen[1]
    assert page.evaluate("scrollY") == scrolled
    expect(page.get_by_role("button", name="Abort… 2")).to_be_enabled()
    expect(page.get_by_role("button", name="Retry… 0")).to_be_disabled()
    assert not list(violations(page))


def test_two_hundred_are_aborted_at_once(operator, site, listed):
    page, started = operator.page, waiting(site, COUNT)
    page.goto(listed)

    page.get_by_label("All that fit the filters").check()
    page.get_by_role("button", name="Abort…").click()
    expect(page.get_by_role("row", name="The process ends here")).to_have_count(COUNT)
    assert not list(violations(page))
    assert aborted(site, started) == 0
    page.get_by_label("Reason").fill("the window is over")
    page.get_by_role("button", name=f"Abort {COUNT} processes").dblclick()

    expect(page.get_by_text(f"Done: {COUNT} of {COUNT}.")).to_be_visible()
    assert not list(violations(page))
    assert aborted(site, started) == COUNT
    page.reload()
    expect(page.get_by_text(f"Done: {COUNT} of {COUNT}.")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Back to the list").click()
    expect(page.get_by_text("No process fits these filters.")).to_be_visible()


def test_without_javascript_the_boxes_and_the_buttons_do(operator, site, listed, browser):
    (process,) = waiting(site, 1)
    cookies = operator.page.context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()

    page.goto(listed)
    page.locator(f"input[value='{process}']").check()
    page.get_by_role("button", name="Abort…").click()
    page.get_by_label("Reason").fill("by hand")
    page.get_by_role("button", name="Abort 1 process").click()

    expect(page.get_by_text("Done: 1 of 1.")).to_be_visible()
    assert site.client.show(process)["status"] == "aborted"
    context.close()
