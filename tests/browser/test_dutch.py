"""The console in Dutch, whose words are longer: nothing is cut off on a narrow screen."""

import pytest

from tests.browser.accessibility import NARROW, OVERFLOW

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(300)]

CUT_OFF = """() => [...document.querySelectorAll('.button, .wc-chip, h1, h2, th, label, summary')]
    .filter(element => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1
        && getComputedStyle(element).overflow !== 'visible')
    .map(element => element.outerHTML.slice(0, 200))"""


def test_the_main_pages_fit_a_narrow_screen_in_dutch(operator):
    client, page = operator.site.client, operator.page
    failed = client.start("show_fail")
    client.until(failed, "failed")
    page.set_viewport_size(NARROW)
    dutch = {"name": "django_language", "value": "nl", "url": operator.site.address}
    page.context.add_cookies([dutch])

    for path, words in {
        "home/": "Overzicht",
        "processes/": "Processen",
        f"processes/{failed}/": "Opnieuw",
        f"processes/{failed}/abort/": "Het proces afbreken",
        "start/": "Een proces starten",
        "subscriptions/": "Downloaden als CSV",
        "engine/": "Engine",
        "preferences/": "Tijdzone",
    }.items():
        page.goto(f"{operator.site.address}/admin/{path}")
        page.get_by_text(words).locator("visible=true").first.wait_for()
        assert page.locator("html").get_attribute("lang") == "nl", path
        assert page.evaluate(OVERFLOW) <= 0, path
        assert page.evaluate(CUT_OFF) == [], path
