"""Workflows on subscriptions, made on the spot."""

from collections.abc import Callable
from typing import Any

from tests.engine import drain
from workflows_app import engine, registry
from workflows_app.dsl import StepList, begin, step
from workflows_app.models import Process, Product, Workflow


def typed(
    decorator: Callable[..., Any],
    steps: StepList = begin,
    *products: Product,
    name: str = "modify_user",
    **options: Any,
) -> str:
    """Define and register a workflow of a type, for products; return its name."""

    def chain() -> StepList:
        return steps

    chain.__name__ = name
    registry._workflows.pop(name, None)
    made = decorator("An example", **options)(chain)
    row, _ = Workflow.objects.update_or_create(
        name=name, defaults={"target": made.target, "is_task": made.is_task, "in_code": True}
    )
    row.products.set(products)
    return name


def started(name: str, model: Any = None, *pages: dict[str, Any], **first: Any) -> Process:
    """Start a workflow on a subscription."""
    if model is not None:
        first["subscription_id"] = str(model.subscription_id)
    return engine.start(name, inputs=[first, *pages], by="maria")


def ended(process: Process) -> Process:
    """Run whatever is runnable, and read the process again."""
    drain()
    process.refresh_from_db()
    return process


@step("Boom")
def boom() -> None:
    raise RuntimeError("boom")
