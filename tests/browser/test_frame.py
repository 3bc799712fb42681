"""What only a browser can show of every page: keys, menus, polling, and the content policy."""

import pytest
from playwright.sync_api import Request, expect

from tests.browser.accessibility import violations
from tests.browser.operator import PATIENCE_MS
from tests.cluster.processes import until

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(240)]

expect.set_options(timeout=PATIENCE_MS)

PAGES = (
    "api/docs/",
    "admin/home/",
    "admin/preferences/",
    "admin/processes/",
    "admin/subscriptions/",
    "admin/products/",
    "admin/callbacks/",
    "admin/start/",
    "admin/start/provision_l2vpn/",
    "admin/engine/",
    "admin/",
    "admin/workflows_app/process/",
    "admin/auth/user/add/",
    "admin/auth/group/add/",
    "admin/password_change/",
)
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
NOTE_WHAT_IS_ASKED = """() => {
    window.prevented = 0;
    document.addEventListener("htmx:beforeRequest", event => {
        window.prevented += event.defaultPrevented;
    });
}"""


@pytest.fixture
def processes(site):
    """Return two processes that are there to be seen."""
    return [site.client.start("task_check_runner") for _ in range(2)]


def at(operator, path):
    operator.page.goto(f"{operator.site.address}/{path}")
    return operator.page


def test_no_page_does_what_the_content_policy_forbids(operator):
    """Chromium reports each violation as an error, and an operator has nothing to complain of."""
    for path in PAGES:
        page = at(operator, path)
        if path == "api/docs/":
            expect(page.locator(".swagger-ui .opblock").first).to_be_visible()
        assert not operator.complaints, path

    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"margin: 0\">')")
    until(lambda: operator.complaints, "Chromium says what it refuses")
    page.goto("about:blank")
    assert all("Content Security Policy" in complaint for complaint in operator.complaints)
    operator.complaints.clear()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_around_all_others_are_accessible(operator, processes, theme):
    operator.page.emulate_media(color_scheme=theme)
    for path in ("admin/home/", "admin/preferences/"):
        page = at(operator, path)
        page.locator(".wc-nav summary").click()

        assert not list(violations(page))


def test_keys_lead_to_pages_rows_and_the_search(operator, processes):
    page = at(operator, "admin/home/")

    operator.press("g", "p")
    expect(page).to_have_title("Processes | Orchestrator")
    page.wait_for_load_state()  # The keys are of a script that comes after the title.
    operator.press("j", "j")
    rows = page.locator("main tbody tr:has(a)")
    expect(rows.nth(1).locator("a").first).to_be_focused()
    operator.press("k")
    expect(rows.nth(0).locator("a").first).to_be_focused()
    address = rows.nth(0).locator("a").first.get_attribute("href")
    operator.press("o")
    page.wait_for_url(f"**{address}")
    operator.press("g", "h")
    expect(page).to_have_title("Home | Orchestrator")
    at(operator, "admin/processes/")
    operator.press("/")
    expect(page.get_by_role("searchbox").first).to_be_focused()
    page.keyboard.type("g h?")
    expect(page.get_by_role("searchbox").first).to_have_value("g h?")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    expect(page).to_have_title("Processes | Orchestrator")


def test_the_help_opens_and_closes_by_key_and_by_mouse(operator):
    page = at(operator, "admin/home/")
    help_text = page.get_by_role("dialog", name="Keyboard")

    operator.press("?")
    expect(help_text).to_be_visible()
    operator.press("g", "p")  # Nothing works behind it.
    operator.press("Escape")
    expect(help_text).not_to_be_visible()
    expect(page).to_have_title("Home | Orchestrator")
    page.locator("#user-tools summary").click()
    page.get_by_role("link", name="Keyboard").click()
    expect(help_text).to_be_visible()
    help_text.get_by_role("button", name="Close").click()
    expect(help_text).not_to_be_visible()
    page.keyboard.press("Control+g")
    operator.press("p")
    expect(page).to_have_title("Home | Orchestrator")


def test_keys_that_are_switched_off_do_nothing(operator):
    page = at(operator, "admin/preferences/")
    page.get_by_label("Keyboard shortcuts").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()

    operator.press("?")
    expect(page.get_by_role("dialog")).not_to_be_visible()

    page.get_by_label("Keyboard shortcuts").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#keyboard[data-on]")).to_be_attached()
    operator.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_menu_closes_with_escape_and_when_the_operator_turns_away(operator):
    page = at(operator, "admin/home/")
    more = page.locator(".wc-nav details")
    engine = page.get_by_role("link", name="Engine", exact=True)

    page.get_by_text("More", exact=True).click()
    expect(engine).to_be_visible()
    operator.press("Escape")
    expect(engine).not_to_be_visible()
    expect(more.locator("summary")).to_be_focused()
    operator.press("Enter")
    expect(engine).to_be_visible()
    page.get_by_role("heading", name="Home").click()
    expect(engine).not_to_be_visible()


def test_a_hidden_page_asks_nothing_and_a_shown_one_at_once(operator):
    page = at(operator, "admin/home/")
    expect(page.locator("#live-mark")).to_be_visible()
    page.evaluate(NOTE_WHAT_IS_ASKED)
    page.evaluate(HIDE, True)
    asked: list[Request] = []
    until(lambda: page.evaluate("window.prevented") >= 1, "the page would have asked")
    page.on("request", lambda request: asked.append(request))
    until(lambda: page.evaluate("window.prevented") >= 2, "the page would have asked again")
    assert asked == []

    with page.expect_request("**/admin/home/live/"):
        page.evaluate(HIDE, False)


def test_a_page_that_cannot_reach_the_server_says_so_and_goes_on_by_itself(operator):
    page = at(operator, "admin/home/")
    note = page.locator("#live-note")

    page.context.set_offline(True)
    expect(note).to_contain_text("Not connected; showing the state of")
    expect(page.locator("#live-mark")).not_to_be_visible()
    page.context.set_offline(False)
    expect(note).to_have_text("")
    expect(page.locator("#live-mark")).to_be_visible()
    operator.complaints.clear()  # Of the connection.


def test_times_are_in_the_time_zone_of_the_browser(operator, processes):
    """The first page sets the cookie, the next one has it."""
    page = at(operator, "admin/home/")
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")

    (cookie,) = [c for c in page.context.cookies() if c["name"] == "time_zone"]

    assert (cookie["value"], cookie["sameSite"]) == (zone, "Lax")
    assert page.locator("meta[name=time-zone]").get_attribute("content") == zone
