"""An operator at a browser, who notices whatever goes wrong on a page."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    sync_playwright,
)

from tests.journeys.site import Site

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
TABS = 80  # More than any page of the console has.


class Operator:
    """A page of the site's console, and what the browser complained about."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self.site = page, site
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._read)
        page.on("response", self._look)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", self._miss)

    def log_in(self, user: str = "", password: str = "") -> None:
        """Log in, as the site's first user if none is named."""
        if not user:
            user, password = self.site.web.wait_for("first login").split(": ")[1].split(" / ")
        self.page.goto(f"{self.site.address}/")
        self.page.get_by_label("Username").fill(user)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def choose(self, group: str, option: str) -> None:
        self.page.get_by_role("group", name=group).get_by_label(option).check()

    def go_on(self) -> None:
        """Press the main button of the form, whatever it says."""
        self.page.locator(".wf-buttons .default").click()

    def tab_to(self, role: str, name: str, *, group: str = "") -> None:
        """Press the tabulator until that is focused; then everybody can see that it is."""
        where = self.page.get_by_role("group", name=group) if group else self.page
        # Of several the first: what was started lately is listed twice.
        wanted = where.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
        wanted.wait_for()
        for _ in range(TABS):
            self.page.keyboard.press("Tab")
            if wanted.evaluate("element => element === document.activeElement"):
                assert wanted.evaluate("element => element.matches(':focus-visible')")
                return
        raise AssertionError(f"no tabulator leads to the {role} {name!r}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def _read(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _miss(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # The page was left while it asked.
            self.complaints.append(f"{request.failure}: {request.url}")

    def _look(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


@contextlib.contextmanager
def browser_of(chromium: Path) -> Iterator[Browser]:
    """Run a browser for the length of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def operator_of(site: Site, browser: Browser) -> Iterator[Operator]:
    """Open a window on the site, with cookies of its own, for the length of the block."""
    size = ViewportSize(width=1440, height=900)
    with browser.new_context(viewport=size, color_scheme="light", locale="en-GB") as window:
        yield Operator(window.new_page(), site)
