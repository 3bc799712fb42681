"""axe on a page, and what a page must not do on a narrow screen."""

from collections.abc import Iterator
from typing import Any, Literal, cast

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

Theme = Literal["light", "dark"]
WIDE = ViewportSize(width=1440, height=900)
NARROW = ViewportSize(width=390, height=844)
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# No colour is half way to another: what ends is at its end, and what does not stands still.
SETTLE = """() => document.getAnimations().forEach(a => {
    if (a.effect?.getComputedTiming().endTime < Infinity) a.finish(); else a.cancel();
})"""
OVERFLOW = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""


def problems(page: Page, *, size: ViewportSize, theme: Theme) -> Iterator[str]:
    """Yield what axe finds on the page at that size and in that theme, and if it is too wide.

    Source: WCAG 2.2, 1.4.10 Reflow.
    """
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    for violation in violations(page):
        yield f"{violation} ({theme}, {size['width']} px)"
    if (too_wide := page.evaluate(OVERFLOW)) > 0:
        yield f"{too_wide} px too wide at {size['width']} px"


def violations(page: Page) -> Iterator[str]:
    """Yield what axe finds on the page as it is. Source: WCAG 2.2, levels A and AA."""
    page.evaluate(SETTLE)
    found = cast(dict[str, Any], Axe().run(page, options={"runOnly": RULES}).response)
    for violation in found["violations"]:
        for node in violation["nodes"]:
            yield f"{violation['id']}: {node['html'][:300]}"
