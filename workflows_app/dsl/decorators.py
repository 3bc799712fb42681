"""The words that make steps out of functions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils import timezone

from workflows_app import forms
from workflows_app.dsl.steps import (
    Authorizer,
    Binder,
    Call,
    Context,
    Savable,
    Secretive,
    State,
    Step,
    StepList,
)
from workflows_app.errors import DefinitionError, WrongResult
from workflows_app.injection import Injection
from workflows_app.json_values import JSONObject, changes, copy_json
from workflows_app.localized import marked
from workflows_app.outcomes import Abort, Complete, Outcome, Success, Suspend, Wait
from workflows_app.retry import ONLY_WHEN_ASKED, Retry
from workflows_app.secret_values import telling_secrets_in
from workflows_app.statuses import Assignee, StepStatus

StepFunction = Callable[..., Any]


def step(
    name: str,
    *,
    retry: Retry | None = None,
    timeout: float | None = None,
    on_interrupt: Literal["rerun", "fail"] = "rerun",
    atomic: bool = True,
    authorize_retry: Authorizer | None = None,
) -> Callable[[StepFunction], Step]:
    """Make a step of a function whose parameters are filled from the state by name.

    The function returns a mapping of the keys to add or change, or None.

    Args:
        retry: when to try again after an exception; without it only ``RetryAfter`` does.
        timeout: seconds after which the function is stopped and the step fails.
        on_interrupt: after a worker's death, run the step again or fail the process.
        atomic: on PostgreSQL, commit the function's own writes together with the step.
        authorize_retry: who may retry the step when it failed.
    """

    def decorate(function: StepFunction) -> Step:
        injection = Injection(function, name=name)
        return Step(
            name=name,
            bind=_binder(injection),
            function=function,
            retry=retry or ONLY_WHEN_ASKED,
            timeout=timeout,
            on_interrupt=on_interrupt,
            atomic=atomic,
            authorize_retry=authorize_retry,
        )

    return decorate


def retrystep(
    name: str, *, retry: Retry | None = None, **options: Any
) -> Callable[[StepFunction], Step]:
    """Make a step that is tried again by itself: after 1 min, doubling to 1 h, without end.

    Args:
        retry: another policy.
        options: as for ``step``.
    """
    return step(name, retry=retry or Retry(), **options)


def inputstep(
    name: str,
    assignee: str = Assignee.SYSTEM,
    *,
    authorize_resume: Authorizer | None = None,
    authorize_retry: Authorizer | None = None,
) -> Callable[[StepFunction], Step]:
    """Make a step that waits for an operator's form.

    The function yields one form page after the other and returns what goes into the state. It
    runs again for every page and must have no side effects. If it asks for no page at all, the
    process goes on without waiting.
    """

    def decorate(function: StepFunction) -> Step:
        injection = Injection(function, name=name)
        return Step(
            name=name,
            kind="input",
            bind=_form_binder(injection, assignee),
            function=function,
            form=lambda context: open_form(injection, context),
            assignee=assignee,
            authorize_resume=authorize_resume,
            authorize_retry=authorize_retry,
        )

    return decorate


def sleep_step(
    name: str,
    duration: timedelta | float | None = None,
    *,
    until: datetime | Callable[[State], datetime] | None = None,
) -> Step:
    """Make a step that waits for ``duration`` (seconds, if a number) or ``until`` an instant."""
    if (duration is None) == (until is None):
        raise DefinitionError(f"sleep_step '{name}' takes either a duration or until=")
    pause = timedelta(seconds=duration) if isinstance(duration, int | float) else duration

    def sleep(context: Context) -> Outcome:
        if context.resumes is StepStatus.WAITING:
            return Success()
        if pause is not None:
            return Wait(context.now + pause)
        due = until(dict(context.state)) if callable(until) else until
        if not isinstance(due, datetime) or timezone.is_naive(due):
            raise DefinitionError(f"sleep_step '{name}': until= must give an aware datetime")
        return Wait(due)

    return primitive(name, sleep, kind="timer", engine_step=False)


def primitive(name: str, run: Callable[[Context], Outcome], **options: Any) -> Step:
    """Make a step of the engine's own kind: it is given the context and returns an outcome."""
    options = {"engine_step": True} | options
    return Step(name=name, bind=lambda context, _provided: Call(lambda: run(context)), **options)


def open_form(injection: Injection, context: Context) -> Any:
    """Call the author's form function; return its generator, its page or its result."""
    given = context.injectable()
    positional, keywords = injection.arguments(context.state, given)
    return injection.function(*positional, **keywords)


def _binder(injection: Injection) -> Binder:
    def bind(context: Context, provided: Mapping[str, Any]) -> Call:
        state = {**context.state, **provided}
        given = {**context.injectable(), **provided, "state": _lazy_copy(injection, state)}
        positional, keywords = injection.arguments(state, given)

        def call() -> Outcome:
            patch = _patch(injection.name, injection.function(*positional, **keywords), provided)
            # Before it becomes JSON: what is planned shows there as it will be stored.
            return Success(patch, tuple(model.plan_save() for model in _savable(patch)))

        arguments = [*positional, *keywords.values()]
        return Call(call, tuple(_secrets(arguments)), tuple(telling_secrets_in(arguments)))

    return bind


def _secrets(arguments: Iterable[object]) -> Iterator[str]:
    """Yield the strings that must not be stored, of the arguments that say they have some."""
    for argument in arguments:
        if isinstance(argument, Secretive):
            yield from argument.secrets


def _savable(result: object) -> list[Savable]:
    """Return the objects in a step's result that are to be stored, each once."""
    found: dict[int, Savable] = {}
    pending = [result]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            pending += value.values()
        elif isinstance(value, list | tuple):
            pending += value
        elif isinstance(value, Savable):
            found.setdefault(id(value), value)
    return list(found.values())


def _lazy_copy(injection: Injection, state: JSONObject) -> JSONObject:
    """Copy the whole state only for a function that asks for it."""
    copied: JSONObject = copy_json(state) if "state" in injection.names else {}
    return copied


def _patch(name: str, result: object, provided: Mapping[str, Any]) -> JSONObject:
    if result is None:
        return {}
    if not isinstance(result, Mapping):
        raise WrongResult(name, result)
    # What was lent for the run, and comes back unchanged, is not a change of the state.
    return {key: value for key, value in result.items() if provided.get(key, _ABSENT) != value}


_ABSENT = object()


def _form_binder(injection: Injection, assignee: str) -> Binder:
    def bind(context: Context, _provided: Mapping[str, Any]) -> Call:
        def look() -> Outcome:
            def pages(state: JSONObject) -> Any:
                return open_form(injection, replace(context, state=state))

            outcome = forms.walk(pages, context.state, [])
            if isinstance(outcome, forms.Complete):
                return Success(changes(context.state, outcome.state))
            return Suspend(assignee)

        return Call(look)

    return bind


init = primitive(marked("Start"), lambda _context: Success(), kind="start")
done = primitive(marked("Done"), lambda _context: Complete(), kind="end")
abort = primitive(marked("Abort"), lambda _context: Abort(), kind="end")
begin = StepList()
