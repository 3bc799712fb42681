"""What the tests of the process list share: rows made at once, and lines as read."""

import html
import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from workflows_app.models import (
    Process,
    ProcessSubscription,
    Product,
    Subscription,
    Workflow,
)
from workflows_app.statuses import FINAL

LIST = "/admin/processes/"
_DUE = {"created", "resumed", "running", "waiting"}


def made(*statuses: str, name: str = "made", **values) -> list[Process]:
    """Return new processes, each a minute older than the one before."""
    workflow = Workflow.objects.get_or_create(name=name, defaults={"target": "CREATE"})[0]
    now = timezone.now()
    return Process.objects.bulk_create(
        Process(
            **{
                "workflow": workflow,
                "status": status,
                "created_by": "maria",
                "created_at": now - timedelta(minutes=minutes),
                "finished_at": now if status in FINAL else None,
                "due_at": now + timedelta(hours=1) if status in _DUE else None,
            }
            | values
        )
        for minutes, status in enumerate(statuses)
    )


def subscribed(process: Process, description: str, customer: str, product: str = "L2VPN"):
    """Return a new subscription that the process concerns."""
    kind = Product.objects.get_or_create(name=product, product_type=product, tag=product)[0]
    subscription = Subscription.objects.create(
        product=kind, customer_id=customer, description=description
    )
    ProcessSubscription.objects.create(process=process, subscription=subscription, target="CREATE")
    return subscription


def shown(client: Client, query: str = "") -> list[str]:
    """Return the ids of the processes that the list shows, in order."""
    return re.findall(r'id="go-([0-9a-f-]{36})"', str(client.get(LIST + query).content, "utf-8"))


def ids(processes: list[Process]) -> list[str]:
    return [str(process.pk) for process in processes]


def cells(client: Client, query: str = "") -> list[list[str]]:
    """Return the texts of each line's cells."""
    page = str(client.get(LIST + query).content, "utf-8")
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    return [
        [
            " ".join(html.unescape(re.sub(r"<[^>]+>", "", cell)).split())
            for cell in re.findall(r"<td.*?>(.*?)</td>", row, re.DOTALL)
        ]
        for row in body.split("</tr>")[:-1]
    ]
