"""A workflow as the engine runs it: steps in order, found by path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias

from workflows_app.dsl.combinators import step_group
from workflows_app.dsl.decorators import begin, done, init
from workflows_app.dsl.steps import Authorizer, Step, StepList
from workflows_app.errors import DefinitionError, RepeatedStep, UnknownStep
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.localized import localized, marked
from workflows_app.statuses import Target

Snapshot: TypeAlias = list[dict[str, str]]
CLEANUP = marked("Clean-up")
LONGEST_NAME, LONGEST_PATH, LONGEST_ASSIGNEE = 300, 500, 100  # As the columns are.


@dataclass(frozen=True, kw_only=True)
class Usable:
    """On which subscriptions a workflow may be started.

    Attributes:
        statuses: those that the subscription may have.
        out_of_sync: also on one that is out of sync, if no process is at work on it.
        in_use: also on one that other subscriptions use.
        related_out_of_sync: also while one that it uses, or that uses it, is out of sync.
        at_work: also while a process is at work on it; for a workflow that does not lock it.
    """

    statuses: frozenset[SubscriptionLifecycle]
    out_of_sync: bool = False
    in_use: bool = True
    related_out_of_sync: bool = False
    at_work: bool = False


@dataclass(frozen=True, kw_only=True)
class WorkflowDefinition:
    """A workflow in code.

    Attributes:
        initial_input_form: the start form: a generator function, or a form page.
        authorize: who may start it and resume its steps; None for whoever has the permission.
        run_predicate: called with the number of unfinished processes by name; a false answer,
            or a sentence, refuses the start.
        cleanup: steps that run, visibly, after an abort.
        usable: on which subscriptions it may be started, if it is for one.
        keep_days: how long its completed tasks are kept; None for ``TASK_RETENTION_DAYS``.
        documentation: what the function's docstring says beyond the description.
    """

    name: str
    description: str
    steps: StepList
    target: Target = Target.SYSTEM
    is_task: bool = False
    initial_input_form: Callable[..., Any] | None = None
    authorize: Authorizer | None = None
    authorize_retry: Authorizer | None = None
    run_predicate: Callable[..., Any] | None = None
    cleanup: StepList = field(default_factory=StepList)
    usable: Usable | None = None
    keep_days: float | None = None
    module: str = ""
    documentation: str = ""

    @property
    def title(self) -> str:
        """What it is called, in the reader's language."""
        return localized(self.description) or self.name

    def __post_init__(self) -> None:
        _check_groups(self.steps)
        seen: set[str] = set()
        for step in (*self.steps, *self.cleanup):
            _check_names(step)
            if step.path in seen:
                raise RepeatedStep(step.path)
            seen.add(step.path)
        for step in self.cleanup:
            if step.kind not in ("step", "condition", "timer"):
                raise DefinitionError(f"'{step.name}' cannot be a clean-up step: nobody answers it")

    @cached_property
    def by_path(self) -> Mapping[str, Step]:
        """Every step, clean-up included, by its path."""
        return {step.path: step for step in (*self.steps, *self.cleanup)}

    @cached_property
    def _successors(self) -> Mapping[str, str]:
        followers: dict[str, str] = {}
        for chain in (self.steps, self.cleanup):
            paths = [step.path for step in chain]
            followers |= dict(pairwise([*paths, ""]))
        return followers

    def step(self, path: str) -> Step:
        """Return the step of that path.

        Raises:
            UnknownStep: there is none.
        """
        try:
            return self.by_path[path]
        except KeyError:
            raise UnknownStep(path, (step.path for step in self.steps)) from None

    def after(self, path: str) -> str:
        """Return the path of the step after ``path``, or "" at the end."""
        return self._successors[path]

    def block(self, choice: Step) -> list[Step]:
        """Return the steps that the condition ``choice`` guards, in order."""
        return [step for step in self.by_path.values() if choice.opens in step.blocks]

    def retry_point(self, path: str) -> str:
        """Return where a retry of ``path`` begins: the outermost group retried from its start."""
        for depth, group in enumerate(self.step(path).groups):
            if group.retry_from == "start":
                return next(
                    step.path
                    for step in self.by_path.values()
                    if len(step.groups) > depth and step.groups[depth] is group
                )
        return path

    def snapshot(self) -> Snapshot:
        """Return the definition as data, to be kept with a process.

        A condition has ``until``, the path of the last step that it guards.
        """
        return self._described(self.steps)

    def cleanup_snapshot(self) -> Snapshot:
        """Return the steps that follow an abort, as data."""
        return self._described(self.cleanup)

    def _described(self, steps: StepList) -> Snapshot:
        return [
            {"path": step.path, "name": step.name, "kind": step.kind, "assignee": step.assignee}
            | ({"until": self.block(step)[-1].path} if step.opens else {})
            for step in steps
        ]


def complete_chain(steps: StepList, additional: StepList = begin) -> StepList:
    """Return ``steps`` with ``init`` before and ``done`` after, where they are not already.

    ``additional`` goes in before the end.
    """
    chain = steps if steps and steps[0].kind == "start" else init >> steps
    if chain[-1].kind == "end":
        return chain[:-1] >> additional >> chain[-1]
    return chain >> additional >> done


def cleanup_chain(steps: StepList) -> StepList:
    """Return clean-up steps under a group of their own, so that their paths cannot clash."""
    return step_group(CLEANUP, steps, retry_from="failed") if steps else steps


def _check_names(step: Step) -> None:
    """Refuse names that no column holds: the process could not even be failed with them."""
    for what, text, longest in (
        ("name", step.name, LONGEST_NAME),
        ("name, with those of its groups,", step.path, LONGEST_PATH),
        ("assignee", step.assignee or "-", LONGEST_ASSIGNEE),
    ):
        if not 0 < len(text) <= longest or "\0" in text:
            raise DefinitionError(
                f"the step {text[:80]!r}: its {what} has 1 to {longest} characters, and no NUL"
            )


def _check_groups(steps: StepList) -> None:
    """Refuse two different groups with one path: their steps could not be told apart."""
    seen: dict[tuple[str, ...], object] = {}
    for step in steps:
        for depth, group in enumerate(step.groups, start=1):
            path = tuple(outer.name for outer in step.groups[:depth])
            if seen.setdefault(path, group) is not group:
                raise RepeatedStep("/".join(path))
