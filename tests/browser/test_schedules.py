"""A schedule is set up in a browser: its next times are seen before it is kept."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.operator import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(240)]

expect.set_options(timeout=PATIENCE_MS)


def test_the_next_times_follow_what_is_typed_and_only_the_chosen_kind_asks(operator, site):
    page = operator.page
    page.goto(f"{site.address}/admin/schedules/new/task_clean_up_tasks/")
    times, cron = page.locator("#preview li"), page.locator("#id_cron")
    expect(times).to_have_count(5)

    cron.fill("15 4 * * *")
    expect(times.first).to_contain_text("04:15")
    cron.fill("99 4 * * *")
    expect(page.locator("#preview")).to_contain_text("The minute of the cron expression is wrong.")

    page.get_by_label("Once").check()
    expect(cron).to_be_hidden()
    page.get_by_label("Once").press("ArrowUp")  # The kinds are one group for the keyboard.
    expect(page.get_by_label("Again after every interval")).to_be_checked()
    page.get_by_label("Every", exact=True).fill("6")
    page.get_by_label("Unit").select_option("hours")
    expect(times).to_have_count(5)

    page.get_by_label("Name").fill("Six hours, from a browser")
    page.get_by_role("button", name="Set up the schedule").click()
    expect(page).to_have_url(re.compile(r"/admin/schedules/[0-9a-f-]{36}/$"))
    expect(page.get_by_text("every 6 hours")).to_be_visible()

    page.get_by_role("link", name="Run now").click()
    page.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile(r"/admin/processes/[0-9a-f-]{36}/$"))
    page.locator("a#schedule").click()
    expect(page.get_by_role("row").filter(has_text="admin").first).to_be_visible()
