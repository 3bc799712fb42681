"""The workflows that exist in code, by name."""

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import cleandoc
from typing import Any

from workflows_app.authors import authors_code
from workflows_app.definition import Usable, WorkflowDefinition, cleanup_chain, complete_chain
from workflows_app.dsl.steps import Authorizer, Step, StepList, steps_of
from workflows_app.errors import (
    AuthorsMistake,
    DefinitionError,
    DuplicateWorkflow,
    UnknownWorkflow,
)
from workflows_app.statuses import Target


class LazyWorkflowInstance:
    """Register ``package.function`` without importing it until its first use."""

    def __init__(self, package: str, function: str) -> None:
        self.package = package
        self.function = function
        _register(function, self, package)

    def instantiate(self) -> WorkflowDefinition:
        """Import the module and return the definition.

        Raises:
            UnknownWorkflow: the module cannot be imported, whatever it raises; or it lacks the
                function, or that is not a workflow.
        """
        try:
            with authors_code(f"the module {self.package}"):
                found = getattr(import_module(self.package), self.function)
        except (AuthorsMistake, DefinitionError) as error:
            raise UnknownWorkflow(self.function, str(error)) from error
        if not isinstance(found, WorkflowDefinition):
            raise UnknownWorkflow(self.function, f"{self.package} has it, but not as a workflow")
        return found


_workflows: dict[str, WorkflowDefinition | LazyWorkflowInstance] = {}


def workflow(
    description: str = "",
    *,
    initial_input_form: Callable[..., Any] | None = None,
    target: Target = Target.SYSTEM,
    is_task: bool = False,
    authorize: Authorizer | None = None,
    authorize_retry: Authorizer | None = None,
    run_predicate: Callable[..., Any] | None = None,
    additional_steps: Step | StepList | None = None,
    cleanup: Step | StepList | None = None,
    usable: Usable | None = None,
    keep_days: float | None = None,
) -> Callable[[Callable[[], Step | StepList]], WorkflowDefinition]:
    """Make a workflow of a function that returns a chain of steps, and register it by its name.

    ``init`` and ``done`` are added where the chain lacks them, ``additional_steps`` before
    ``done``. The other arguments are described at ``WorkflowDefinition``.
    """

    def decorate(function: Callable[[], Step | StepList]) -> WorkflowDefinition:
        definition = WorkflowDefinition(
            name=function.__name__,
            description=description or _first_line(function),
            steps=complete_chain(steps_of(function()), steps_of(additional_steps or StepList())),
            target=Target(target),
            is_task=is_task,
            initial_input_form=initial_input_form,
            authorize=authorize,
            authorize_retry=authorize_retry,
            run_predicate=run_predicate,
            cleanup=cleanup_chain(steps_of(cleanup or StepList())),
            usable=usable,
            keep_days=keep_days,
            module=function.__module__,
            documentation=_documentation(function, description),
        )
        _register(definition.name, definition, definition.module)
        return definition

    return decorate


def task(
    description: str = "", **options: Any
) -> Callable[[Callable[[], Step | StepList]], WorkflowDefinition]:
    """Make a workflow that changes nothing for a customer: system and validate work."""
    return workflow(description, is_task=True, **options)


def get(name: str) -> WorkflowDefinition:
    """Return the workflow of that name, importing it if need be.

    Raises:
        UnknownWorkflow: none is registered, or it cannot be imported.
    """
    found = _workflows.get(name)
    if found is None:
        raise UnknownWorkflow(name)
    if isinstance(found, LazyWorkflowInstance):
        found = _workflows[name] = found.instantiate()
    return found


def names() -> list[str]:
    """Return the names of all workflows, sorted; imports nothing."""
    return sorted(_workflows)


def definitions() -> Mapping[str, WorkflowDefinition]:
    """Return every workflow by name. A lazy one that cannot be imported raises."""
    return {name: get(name) for name in names()}


def _register(name: str, entry: WorkflowDefinition | LazyWorkflowInstance, module: str) -> None:
    known = _workflows.get(name)
    if known is not None and _module(known) != module:
        raise DuplicateWorkflow(name, _module(known), module)
    if isinstance(known, WorkflowDefinition) and isinstance(entry, LazyWorkflowInstance):
        return
    _workflows[name] = entry


def _module(entry: WorkflowDefinition | LazyWorkflowInstance) -> str:
    return entry.module if isinstance(entry, WorkflowDefinition) else entry.package


def _first_line(function: Callable[..., Any]) -> str:
    return (function.__doc__ or function.__name__).strip().splitlines()[0]


def _documentation(function: Callable[..., Any], description: str) -> str:
    """Return the function's docstring, without its first line where that is the description."""
    first, _, rest = cleandoc(function.__doc__ or "").partition("\n")
    repeats = description.rstrip(".") in ("", first.rstrip("."))
    return (rest if repeats else f"{first}\n{rest}").strip()


__all__ = [
    "DefinitionError",
    "LazyWorkflowInstance",
    "definitions",
    "get",
    "names",
    "task",
    "workflow",
]
