"""Take the pictures of the documentation: ``python -m tests.browser.screenshots docs/img``."""

import os
import sys
import tempfile
from pathlib import Path

os.environ["DATABASE_URL"] = "sqlite://:memory:"  # Of this program; the site has one of its own.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_project.settings")

from playwright.sync_api import ViewportSize

from examples.l2vpn import samples
from examples.l2vpn.client import Client as SampleClient
from tests.browser.operator import Operator, browser_of, operator_of
from tests.cluster.processes import until
from tests.journeys.site import Client, Site, running_site
from tests.services.programs import find_chromium

NODES = {"node_a": "asd001a-jnx-01", "node_b": "ut002a-jnx-01"}
PHONE = ViewportSize(width=390, height=844)
CUSTOMERS = ("Example University", "City Library", "Polar Institute", "Science Park")


def main(directory: Path) -> None:
    """Run a site, let an order get to the middle of its playbook, and take the pictures."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        told = {"apps": ",".join(samples.APPS), "PYTHONWARNINGS": ""}
        with running_site(Path(temporary), **told) as site:
            site.start_worker()
            site.start_runner()
            samples.load(SampleClient(site.address, site.client.authorization.split()[1]))
            failed, order = _make_some_processes(site.client)
            with browser_of(find_chromium()) as browser, operator_of(site, browser) as operator:
                operator.log_in()
                _take(operator, directory, _addresses(site, failed=failed, order=order))


def _make_some_processes(client: Client) -> tuple[str, str]:
    """Bring processes into different statuses; return a failed one, and one just started."""
    completed, suspended, failed, order = CUSTOMERS
    done = _order(client, completed, 1001)
    client.until(done, "suspended")
    client.resume(done, {})
    broken = _order(client, failed, 1003, simulate_fault=True)
    client.until(_order(client, suspended, 1002), "suspended")
    client.until(broken, "failed")
    client.start("task_check_runner")
    return broken, _order(client, order, 1004)


def _order(client: Client, customer: str, vlan: int, *, simulate_fault: bool = False) -> str:
    first = {"customer": customer, "vlan": vlan, "simulate_fault": simulate_fault}
    return client.start("provision_l2vpn", first, NODES)


def _addresses(site: Site, *, failed: str, order: str) -> dict[str, str]:
    """Return the page of each picture, the one that does not last first."""
    rows = site.client.send("GET", "subscriptions/").json()["results"]
    user = next(row for row in rows if row["description"] == "User maria")
    pages = {
        "process": f"processes/{order}/",
        "home": "home/",
        "processes": "processes/",
        "failed": f"processes/{failed}/",
        "subscription": f"subscriptions/{user['id']}/",
    }
    return {name: f"{site.address}/admin/{path}" for name, path in pages.items()}


def _take(operator: Operator, directory: Path, addresses: dict[str, str]) -> None:
    page = operator.page
    for name, address in addresses.items():
        page.goto(address)
        if name == "process":
            until(
                lambda: (page.evaluate("document.querySelector('progress')?.value") or 0) > 40,
                "the playbook has come half its way",
            )
        page.screenshot(path=directory / f"{name}.png")
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    page.goto(addresses["failed"])
    page.screenshot(path=directory / "phone.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
