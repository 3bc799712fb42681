"""Take the pictures of the documentation: ``python -m tests.browser.screenshots docs/img``."""

import os
import sys
import tempfile
from pathlib import Path

os.environ["DATABASE_URL"] = "sqlite://:memory:"  # Of this program; the site has one of its own.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_project.settings")

from tests.browser.operator import Operator, browser_of, operator_of
from tests.cluster.processes import until
from tests.journeys.site import Client, Site, running_site
from tests.services.programs import find_chromium

NODES = {"node_a": "asd001a-jnx-01", "node_b": "ut002a-jnx-01"}
CUSTOMERS = ("Example University", "City Library", "Polar Institute", "Science Park")


def main(directory: Path) -> None:
    """Run a site, let an order get to the middle of its playbook, and take the pictures."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        told = {"apps": "examples.l2vpn", "PYTHONWARNINGS": ""}
        with running_site(Path(temporary), **told) as site:
            site.start_worker()
            site.start_runner()
            order = _make_some_processes(site.client)
            with browser_of(find_chromium()) as browser, operator_of(site, browser) as operator:
                _take(operator, site, order, directory)


def _make_some_processes(client: Client) -> str:
    """Bring processes into different statuses, and return one that has just been started."""
    completed, suspended, failed, order = CUSTOMERS
    done = _order(client, completed, 1001)
    client.until(done, "suspended")
    client.resume(done, {})
    broken = _order(client, failed, 1003, simulate_fault=True)
    client.until(_order(client, suspended, 1002), "suspended")
    client.until(broken, "failed")
    client.start("task_check_runner")
    return _order(client, order, 1004)


def _order(client: Client, customer: str, vlan: int, *, simulate_fault: bool = False) -> str:
    first = {"customer": customer, "vlan": vlan, "simulate_fault": simulate_fault}
    return client.start("provision_l2vpn", first, NODES)


def _take(operator: Operator, site: Site, order: str, directory: Path) -> None:
    page = operator.page
    operator.log_in()
    page.goto(f"{site.address}/admin/processes/{order}/")
    until(
        lambda: (page.evaluate("document.querySelector('progress')?.value") or 0) > 40,
        "the playbook has come half its way",
    )
    page.screenshot(path=directory / "process.png")
    page.goto(f"{site.address}/admin/processes/")
    page.screenshot(path=directory / "processes.png")
    page.goto(f"{site.address}/admin/home/")
    page.screenshot(path=directory / "home.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
