"""A few subscriptions to look at: groups with users, and nodes before and in production.

Each has an idempotency key, so a demo that is started again on its database makes no others.
"""

from typing import Any

from examples.l2vpn.client import Client

APPS = ("examples.l2vpn", "examples.nodes", "examples.users")


def load(client: Client) -> None:
    """Order the samples, and see each of them come about.

    Raises:
        JourneyFailed: one did not.
    """
    products = {row["name"]: row["id"] for row in client.get("products/")["results"]}

    def create(key: str, workflow: str, product: str, **page: Any) -> str:
        process = client.start(workflow, {"product": products[product]}, page, key=f"demo:{key}")
        state = client.until(process, "completed")["state"]
        return str(state["subscription"]["subscription_id"])

    noc = create("noc", "create_user_group", "User Group", group_name="NOC")
    guests = create("guests", "create_user_group", "User Group", group_name="Guests")
    internal = {"user_group_id": noc, "username": "maria", "age": 41}
    create("maria", "create_user", "User internal", **internal)
    create("erik", "create_user", "User external", user_group_id=guests, username="erik")
    amsterdam = create("amsterdam", "create_node_enrollment", "Node", esdb_node_id="1")
    create("utrecht", "create_node_enrollment", "Node", esdb_node_id="2")
    node = {"subscription_id": amsterdam}
    client.until(client.start("modify_node_enrollment", node, key="demo:activate"), "completed")
