"""What a remote system prints is found, copied and followed, while the page is polled."""

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.operator import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(240)]

expect.set_options(timeout=PATIENCE_MS)

TOP = "element => element.scrollTop"
AT_END = "e => e.scrollHeight - e.scrollTop - e.clientHeight < 8"


@pytest.fixture
def order(site, system):
    """Return an order that the remote system works on."""
    site.client.start("remote_order", {"system": system.address})
    return system.wait_for_order()


def report(order, lines: int) -> None:
    told = {"lines": [f"\x1b[0;32mok: [r{n}] => v\x1b[1mlan {n}\x1b[0m" for n in range(lines)]}
    assert requests.post(f"{order['callback']}/progress", json=told, timeout=10).ok


def show(operator, order):
    """Open the callback's page, and return its terminal."""
    page, site = operator.page, operator.site
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    newest = site.client.send("GET", "callbacks/").json()["results"][0]["id"]
    assert newest in order["callback"]
    page.goto(f"{site.address}/admin/callbacks/{newest}/")
    return page.locator("[data-terminal]")


def test_text_is_found_across_colours_and_stays_found_when_the_page_is_polled(operator, order):
    report(order, 60)
    terminal = show(operator, order)
    marks, count = terminal.locator("mark"), terminal.locator(".wt-count")
    box = terminal.get_by_label("Find")

    box.fill("VLAN 5")
    expect(count).to_have_text("1 of 11")
    expect(marks).to_have_count(2 * 11)  # "v" and "lan 5" have different colours.
    box.press("Enter")
    box.press("Enter")
    box.press("Shift+Enter")
    expect(count).to_have_text("2 of 11")
    expect(terminal.locator("mark.wt-here").last).to_be_in_viewport()

    report(order, 62)
    expect(terminal).to_contain_text("vlan 61")
    expect(box).to_be_focused()
    expect(box).to_have_value("VLAN 5")
    expect(count).to_have_text("2 of 11")
    box.fill("no such text")
    expect(count).to_have_text("no match")
    expect(marks).to_have_count(0)
    box.fill("(")
    expect(count).to_have_text("no match")
    box.fill("")
    expect(count).to_have_text("")


def test_what_is_copied_is_text(operator, order):
    report(order, 3)
    terminal = show(operator, order)
    terminal.get_by_label("Find").fill("vlan")

    terminal.get_by_role("button", name="Copy").click()

    expect(terminal.get_by_role("button", name="Copied")).to_be_visible()
    copied = operator.page.evaluate("navigator.clipboard.readText()")
    assert copied == "ok: [r0] => vlan 0\nok: [r1] => vlan 1\nok: [r2] => vlan 2"


def test_the_end_is_followed_until_the_operator_looks_elsewhere(operator, order):
    report(order, 100)
    terminal = show(operator, order)
    output = terminal.get_by_role("region", name="Output")
    assert output.evaluate(AT_END)

    report(order, 150)
    expect(output).to_contain_text("vlan 149")
    assert output.evaluate(AT_END)

    output.evaluate("element => { element.scrollTop = 300 }")
    report(order, 200)
    expect(output).to_contain_text("vlan 199")
    assert output.evaluate(TOP) == 300
