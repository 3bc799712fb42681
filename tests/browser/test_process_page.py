"""The page of a process keeps up with it, and keeps what the operator is doing."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.operator import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(240)]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def counting(operator, site, tmp_path):
    """Open the page of a process whose step number 1 waits until it is released."""
    process = site.client.start("lab_hold", {"marks": str(tmp_path)})
    operator.page.goto(f"{site.address}/admin/processes/{process}/")
    expect(operator.page.locator(".wc-badge")).to_contain_text("running")
    yield process
    (tmp_path / "release").touch()
    site.client.until(process, "completed")


def test_steps_land_while_somebody_types_and_nothing_typed_is_lost(
    operator, site, counting, tmp_path
):
    page = operator.page
    page.evaluate("window.notReloaded = true")
    page.get_by_role("link", name="Abort", exact=True).click()
    reason = page.get_by_label("Reason")
    expect(reason).to_be_focused()
    page.keyboard.type("half a rea")
    (tmp_path / "release").touch()
    site.client.until(counting, "completed")
    expect(page.locator(".wc-badge")).to_contain_text("completed")
    page.keyboard.type("son")

    expect(reason).to_have_value("half a reason")
    expect(reason).to_be_focused()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Abort the process").click()
    expect(page.get_by_role("alert")).to_contain_text("it is completed now. Nothing was done.")
    assert page.evaluate("window.notReloaded"), "the page was loaded again"
    operator.complaints.clear()  # That it was refused.


def test_a_step_shows_without_a_reload_and_folds_selection_and_scroll_stay(
    operator, site, counting, tmp_path
):
    page = operator.page
    page.set_viewport_size({"width": 1000, "height": 400})
    steps = page.get_by_role("region", name="Steps")
    steps.locator("summary").filter(has_text="Start").click()
    page.locator("#log-open").click()
    page.evaluate(
        """() => {
          const range = document.createRange();
          range.selectNodeContents(document.querySelector("h1"));
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          scrollTo(0, 120);
        }"""
    )
    title, scrolled = page.evaluate("[String(getSelection()), scrollY]")

    (tmp_path / "release").touch()
    expect(steps.locator("summary").filter(has_text="Count 1")).to_contain_text("done")

    assert page.evaluate("[String(getSelection()), scrollY]") == [title, scrolled]
    assert title
    assert scrolled
    expect(page.locator("#log")).to_have_attribute("open", "")
    expect(steps.locator("details").filter(has_text="Start").first).to_have_attribute("open", "")
    expect(page.get_by_text("ended", exact=True)).to_be_visible()
    expect(page.locator("svg.wp-svg:visible .wp-here")).to_have_count(0)


def test_a_failed_process_is_edited_and_retried_without_leaving_its_page(operator, site):
    process = site.client.start("show_fail")
    site.client.until(process, "failed")
    page = operator.page
    page.goto(f"{site.address}/admin/processes/{process}/")
    page.evaluate("window.notReloaded = true")

    page.get_by_role("link", name="Edit state").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("colour", exact=True).click()
    dialog.get_by_label("New value of colour").fill('"red"')
    dialog.get_by_label("Reason").fill("it is red")
    dialog.get_by_role("button", name="Preview the change").click()
    expect(dialog).to_contain_text(re.compile(r"blue\s*→\s*red"))
    dialog.get_by_role("button", name="Change state").click()
    expect(page.get_by_role("status").filter(has_text="The state is changed.")).to_be_visible()
    expect(page.get_by_role("region", name="Steps")).to_contain_text("State edited")

    page.locator("summary").filter(has_text="Change an end").click()
    page.get_by_role("link", name="Retry from here").and_(page.locator(":visible")).click()
    expect(dialog).to_contain_text("are run again")
    dialog.get_by_role("button", name="Back to the process").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Retry", exact=True).click()
    dialog.get_by_role("button", name="Retry the process").click()

    expect(page.get_by_text("1 earlier attempt")).to_be_visible()
    opened = page.locator(".wc-step").filter(has=page.locator("summary", has_text="Change an end"))
    expect(opened.get_by_text("101")).to_be_visible()  # Which no poll has sent again.
    assert page.evaluate("window.notReloaded"), "the page was loaded again"


def test_a_click_in_the_graph_opens_the_step(operator, site):
    process = site.client.start("show_sleep")
    site.client.until(process, "waiting")
    page = operator.page
    page.goto(f"{site.address}/admin/processes/{process}/")

    page.locator("svg.wp-svg:visible").get_by_role("link", name="Change an end: done").click()

    step = page.locator(".wc-step:target")
    expect(step).to_contain_text("ends")
    expect(step.get_by_text("101")).to_be_visible()
