"""A callback is answered in the panel of its process, which is polled meanwhile."""

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.operator import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(240)]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def panel(operator, site, system):
    """Return the panel of a process whose order the remote system works on."""
    process = site.client.start("remote_order", {"system": system.address})
    order = system.wait_for_order()
    site.client.until(process, "awaiting_callback")
    operator.page.goto(f"{site.address}/admin/processes/{process}/")
    return operator.page.get_by_role("region", name="Callback"), order


def poll(panel, order, word: str) -> None:
    """Let the panel be sent again."""
    told = {"message": word}
    assert requests.post(f"{order['callback']}/progress", json=told, timeout=10).ok
    expect(panel).to_contain_text(word)


def test_the_address_is_shown_once_and_stays_until_the_page_is_left(operator, panel):
    panel, order = panel
    panel.get_by_role("button", name="Copy callback URL").click()

    address = panel.get_by_label("The callback's address")
    expect(address).to_have_value(order["callback"])
    expect(panel.get_by_text(f"curl -X POST {order['callback']} ").first).to_be_visible()
    poll(panel, order, "still at work")
    expect(address).to_have_value(order["callback"])

    operator.page.reload()
    expect(panel.get_by_role("button", name="Copy callback URL")).to_be_visible()
    assert order["callback"].rpartition("/")[2] not in operator.page.content()


def test_the_callback_is_completed_in_place(operator, panel):
    panel, order = panel
    panel.get_by_role("link", name="Complete").click()

    result = panel.get_by_label("Result, as JSON")
    expect(result).to_be_focused()
    result.fill('{"return_code": 0, "status": "by hand"}')
    poll(panel, order, "still at work")
    expect(result).to_have_value('{"return_code": 0, "status": "by hand"}')
    panel.get_by_label("Reason").fill("they told us on the phone")
    panel.get_by_role("button", name="Complete the callback").click()

    expect(operator.page.get_by_label("Run status")).to_have_value("by hand")
