"""Everybody can use every page of the console: they are found by following links, as people do."""

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from django.urls import Resolver404, resolve

from tests.browser.accessibility import NARROW, WIDE, problems
from tests.journeys.lso import RemoteSystem

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.timeout(600)]

CONSOLE = ("workflows", "callback_console")
LINKS = """() => [...document.querySelectorAll(':is(main, nav, header) a')].map(
    a => new URL(a.getAttribute('href') ?? '', location).href)"""
MOST = {"workflows:process": 8, "workflows:start": 3, "callback_console:callback": 2}


@pytest.fixture(scope="module")
def busy_site(site):
    """Return the site with processes in every status, subscriptions, schedules and callbacks."""
    client = site.client
    products = {row["name"]: row["id"] for row in client.send("GET", "products/").json()["results"]}
    group = client.start(
        "create_user_group", {"product": products["User Group"]}, {"group_name": "NOC"}
    )
    noc = client.until(group, "completed")["state"]["subscription"]["subscription_id"]
    user = {"user_group_id": noc, "username": "maria", "age": 41}
    client.until(
        client.start("create_user", {"product": products["User internal"]}, user), "completed"
    )
    client.until(client.start("show_sleep"), "waiting")
    client.until(client.start("show_fail"), "failed")
    client.until(client.start("show_by_hand"), "awaiting_callback")
    ended = client.start("show_by_hand")
    client.send("PUT", f"processes/{ended}/abort", {"reason": "wrong customer"})
    client.until(client.start("task_clean_up_tasks"), "completed")
    with contextlib.closing(RemoteSystem()) as system:
        system.before_it_takes_an_order = system.answer
        client.until(client.start("remote_order", {"system": system.address}), "suspended")
        system.before_it_takes_an_order = report
        client.until(client.start("remote_order", {"system": system.address}), "awaiting_callback")
    return site


def report(order):
    """Report what Ansible prints, in colours."""
    lines = [f"\x1b[0;32mok: [r{number}]\x1b[0m" for number in range(40)]
    told = {"percent": 40, "message": "TASK [configure port]", "lines": lines}
    requests.post(f"{order['callback']}/progress", json=told, timeout=10).raise_for_status()


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
        if address in known or not name or counted.get(name, 0) >= MOST.get(name, 1):
            continue
        known.add(address)
        if "text/html" not in page.request.get(address).headers["content-type"]:
            continue  # A file to download.
        page.goto(address)
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
