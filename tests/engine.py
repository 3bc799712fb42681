"""What the tests of the engine share: draining the real queue, and workflows made on the spot."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from workflows_app import engine, queue, registry
from workflows_app.dsl import StepList
from workflows_app.engine.loading import load
from workflows_app.models import Process, Workflow


def drain(limit: int = 200) -> int:
    """Run every runnable process, and those they wake, in this thread; return how many claims."""
    claims = 0
    while claimed := queue.claim(1):
        engine.advance(claimed[0])
        claims += 1
        assert claims < limit, "the queue does not run dry"
    return claims


def define(steps: StepList, **options: Any) -> str:
    """Define and register a workflow of ``steps``; return its name."""
    name: str = options.pop("name", "example")

    def chain() -> StepList:
        return steps

    chain.__name__ = name
    registry._workflows.pop(name, None)
    definition = registry.workflow("An example", **options)(chain)
    Workflow.objects.update_or_create(
        name=name,
        defaults={"target": definition.target, "is_task": definition.is_task, "in_code": True},
    )
    return name


def run(steps: StepList, inputs: tuple[dict[str, Any], ...] = (), **options: Any) -> Process:
    """Define a workflow, start it, and run it as far as it goes."""
    process = engine.start(define(steps, **options), inputs=inputs, by="maria")
    drain()
    process.refresh_from_db()
    return process


def state(process: Process) -> dict[str, Any]:
    """Return the folded state."""
    return load(process).state


def rows(process: Process) -> list[tuple[str, str]]:
    """Return (path, status) of every recorded step, in order."""
    return list(process.steps.order_by("position").values_list("path", "status"))


def events(process: Process) -> list[tuple[str, str]]:
    """Return (actor, action) of every entry in the action log, in order."""
    return list(process.events.order_by("at", "pk").values_list("actor", "action"))


def make_due(process: Process) -> None:
    """Let the process's timer, retry or lease end now."""
    Process.objects.filter(pk=process.pk).update(due_at=timezone.now())


def calls() -> tuple[list[Any], Callable[[Any], None]]:
    """Return a list, and a function that appends to it."""
    seen: list[Any] = []
    return seen, seen.append
