"""The words that combine steps: groups, conditions and lenses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from workflows_app.dsl.decorators import primitive
from workflows_app.dsl.steps import Block, Context, Group, Step, StepList, steps_of
from workflows_app.errors import DefinitionError
from workflows_app.json_values import JSONObject, copy_json
from workflows_app.outcomes import Outcome, SkipBlock, Success

Steps = Step | StepList


def step_group(
    name: str, steps: Steps, *, retry_from: Literal["start", "failed"] = "start"
) -> StepList:
    """Show steps as one, and retry them from the group's start or from the one that failed.

    Retrying from the start forgets what the group's steps had changed in the state.
    """
    if retry_from not in ("start", "failed"):
        raise DefinitionError(f"step_group '{name}': retry_from is 'start' or 'failed'")
    inner = steps_of(steps)
    if not inner:
        raise DefinitionError(f"step_group '{name}' has no steps")
    return inner.marked(groups=(Group(name, retry_from),))


def conditional(
    predicate: Callable[[JSONObject], Any], *, name: str | None = None
) -> Callable[[Steps], StepList]:
    """Run steps only if ``predicate(state)`` is true.

    The predicate is looked at once for the whole block, and the answer is recorded as a step of
    its own, so that no resume or retry can take the other branch halfway.
    """

    def guard(steps: Steps) -> StepList:
        inner = steps_of(steps)
        if not inner:
            raise DefinitionError("conditional(...) was given no steps")
        label = name or getattr(predicate, "__name__", "condition").replace("<lambda>", "condition")
        block = Block(label)
        choice = primitive(
            f"If {label}: {inner[0].path}",
            _choice(predicate),
            kind="condition",
            engine_step=False,
            opens=block,
        )
        return StepList([choice, *inner.marked(blocks=(block,))])

    return guard


def _choice(predicate: Callable[[JSONObject], Any]) -> Callable[[Context], Outcome]:
    def choose(context: Context) -> Outcome:
        return Success() if predicate(copy_json(context.state)) else SkipBlock()

    return choose


@dataclass(frozen=True)
class _Functions:
    getter: Callable[[JSONObject], JSONObject]
    setter: Callable[[JSONObject], Callable[[JSONObject], JSONObject]]

    def get(self, state: JSONObject) -> JSONObject:
        return dict(self.getter(copy_json(state)))

    def set(self, state: JSONObject, part: JSONObject) -> JSONObject:
        return dict(self.setter(copy_json(state))(part))


@dataclass(frozen=True)
class _Key:
    key: str

    def get(self, state: JSONObject) -> JSONObject:
        part = state.get(self.key, {})
        if not isinstance(part, dict):
            raise TypeError(f"state['{self.key}'] is not an object, so steps cannot focus on it")
        return part

    def set(self, state: JSONObject, part: JSONObject) -> JSONObject:
        return {**state, self.key: part}


def steplens(
    get: Callable[[JSONObject], JSONObject],
    set: Callable[[JSONObject], Callable[[JSONObject], JSONObject]],
) -> Callable[[Steps], StepList]:
    """Run steps on ``get(state)``, and put the result back with ``set(state)(result)``."""
    return lambda steps: steps_of(steps).marked(lenses=(_Functions(get, set),))


def focussteps(key: str) -> Callable[[Steps], StepList]:
    """Run steps on the object under ``key`` of the state; an absent key is an empty object."""
    return lambda steps: steps_of(steps).marked(lenses=(_Key(key),))
