"""Everybody can use every page of the console: they are found by following links, as people do."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests.browser.accessibility import NARROW, WIDE, problems

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(600)]

CONSOLE = ("workflows", "callback_console")
LINKS = (
    """() => Array.from(document.querySelectorAll(':is(main, nav, header) a[href]'), a => a.href)"""
)
EACH = 2  # Pages of one kind that are looked at: a process that waits and one that has failed.


@pytest.fixture(scope="module")
def busy_site(site):
    """Return the site with processes in every status, subscriptions, schedules and callbacks."""
    site.start_runner()
    return site


def test_every_page_is_accessible_and_fits_a_narrow_screen(operator, busy_site):
    found, seen = [], set()
    for address in crawl(operator.page, busy_site.address):
        seen.add(resolve(urlsplit(address).path).view_name)
        page, path = operator.page, urlsplit(address).path
        wide = problems(page, size=WIDE, theme="light")
        narrow = problems(page, size=NARROW, theme="dark")
        found += [f"{path}: {problem}" for problem in (*wide, *narrow)]
    assert not found, "\n".join(found)


def crawl(page, site) -> Iterator[str]:
    """Go to the pages of the console, a few of each kind, and yield the address of each."""
    waiting, known = [f"{site}/admin/processes/"], set()
    counted: dict[str, int] = {}
    while waiting:
        address = waiting.pop(0)
        name = view_name(address, site)
        if address in known or not name or counted.get(name, 0) >= EACH:
            continue
        known.add(address)
        response = page.goto(address)
        if "text/html" not in response.headers.get("content-type", ""):
            continue
        counted[name] = counted.get(name, 0) + 1
        yield address
        waiting += page.evaluate(LINKS)


def view_name(address, site):
    """Return the name of the console's view at the address; None if it is not the console's."""
    if not address.startswith(site):
        return None
    try:
        match = resolve(urlsplit(address).path)
    except Resolver404:
        return None
    return match.view_name if match.namespace in CONSOLE else None
