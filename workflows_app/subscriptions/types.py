"""The types of workflows that work on a subscription, with the steps that each type has."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeAlias

from workflows_app import registry
from workflows_app.definition import Usable, WorkflowDefinition
from workflows_app.dsl import Step, StepList, begin, steps_of
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.statuses import Target
from workflows_app.subscriptions.start_forms import (
    Form,
    wrap_create_initial_input_form,
    wrap_modify_initial_input_form,
)
from workflows_app.subscriptions.steps import (
    resync,
    set_status,
    store_process_subscription,
    unsync,
    unsync_unchecked,
)

Steps: TypeAlias = Step | StepList
Decorator: TypeAlias = Callable[[Callable[[], Steps]], WorkflowDefinition]
_L = SubscriptionLifecycle
_LIVING = frozenset(_L) - {_L.TERMINATED}


def create_workflow(
    description: str = "",
    *,
    initial_input_form: Form = None,
    status: SubscriptionLifecycle = SubscriptionLifecycle.ACTIVE,
    **options: Any,
) -> Decorator:
    """Make a workflow that creates a subscription, and leaves it in ``status`` and in sync.

    The start form begins with the product. A step of the workflow returns the new model as
    ``subscription``; ``store_process_subscription`` after it shows from the start whose it is.

    Args:
        options: ``additional_steps`` after the author's, and what ``workflow`` takes.
    """
    return _typed(
        Target.CREATE,
        description,
        form=wrap_create_initial_input_form(initial_input_form),
        before=begin,
        after=set_status(status) >> resync,
        **options,
    )


def modify_workflow(
    description: str = "", *, initial_input_form: Form = None, **options: Any
) -> Decorator:
    """Make a workflow that changes a subscription, which it locks meanwhile.

    The start form begins with the subscription; ``subscription`` is in the state from the first
    step on.

    Args:
        options: ``additional_steps``; ``usable_when``, ``usable_out_of_sync``, ``usable_in_use``
            and ``usable_when_related_out_of_sync``, see ``Usable``; and what ``workflow`` takes.
    """
    usable = _usable([_L.ACTIVE], options)
    return _typed(
        Target.MODIFY,
        description,
        form=wrap_modify_initial_input_form(initial_input_form, usable),
        before=store_process_subscription() >> (unsync_unchecked if usable.out_of_sync else unsync),
        after=begin >> resync,
        usable=usable,
        **options,
    )


def terminate_workflow(
    description: str = "",
    *,
    initial_input_form: Form = None,
    status: SubscriptionLifecycle = SubscriptionLifecycle.TERMINATED,
    **options: Any,
) -> Decorator:
    """Make a workflow that ends a subscription. It is refused while others use it.

    Args:
        options: as for ``modify_workflow``.
    """
    usable = _usable(_LIVING, options, in_use=False)
    return _typed(
        Target.TERMINATE,
        description,
        form=wrap_modify_initial_input_form(initial_input_form, usable),
        before=store_process_subscription() >> unsync,
        after=set_status(status) >> resync,
        usable=usable,
        **options,
    )


def validate_workflow(
    description: str = "", *, initial_input_form: Form = None, **options: Any
) -> Decorator:
    """Make a task that checks a subscription. An ``AssertionError`` is inconsistent data.

    Args:
        options: as for ``modify_workflow``.
    """
    usable = _usable([_L.ACTIVE], options, related_out_of_sync=True)
    return _typed(
        Target.VALIDATE,
        description,
        form=wrap_modify_initial_input_form(initial_input_form, usable),
        # Not unchecked: it would set in sync what a failed process has left half changed.
        before=store_process_subscription() >> (unsync_unchecked if usable.out_of_sync else unsync),
        after=begin >> resync,
        usable=usable,
        is_task=True,
        **options,
    )


def reconcile_workflow(
    description: str = "", *, initial_input_form: Form = None, **options: Any
) -> Decorator:
    """Make a workflow that brings a subscription in line again, also one that is out of sync.

    Args:
        options: as for ``modify_workflow``.
    """
    usable = _usable([_L.ACTIVE], options, out_of_sync=True, related_out_of_sync=True)
    return _typed(
        Target.RECONCILE,
        description,
        form=wrap_modify_initial_input_form(initial_input_form, usable),
        before=store_process_subscription() >> unsync_unchecked,
        after=begin >> resync,
        usable=usable,
        **options,
    )


def _usable(
    statuses: Iterable[SubscriptionLifecycle], options: dict[str, Any], **defaults: bool
) -> Usable:
    """Return the rule, taking what the author says of it out of ``options``."""
    chosen = {
        name: options.pop(option)
        for option, name in (
            ("usable_out_of_sync", "out_of_sync"),
            ("usable_in_use", "in_use"),
            ("usable_when_related_out_of_sync", "related_out_of_sync"),
        )
        if option in options
    }
    allowed = frozenset(map(SubscriptionLifecycle, options.pop("usable_when", statuses)))
    return Usable(statuses=allowed, **{**defaults, **chosen})


def _typed(
    target: Target,
    description: str,
    *,
    form: Callable[..., Any],
    before: Steps,
    after: Steps,
    additional_steps: Steps | None = None,
    **options: Any,
) -> Decorator:
    def decorate(function: Callable[[], Steps]) -> WorkflowDefinition:
        @wraps(function)
        def chain() -> StepList:
            own = steps_of(function()) >> (additional_steps or begin)
            return _without(before, own) >> own >> _without(after, own)

        made = registry.workflow(description, target=target, initial_input_form=form, **options)
        return made(chain)

    return decorate


def _without(steps: Steps, own: StepList) -> StepList:
    """Return the type's ``steps`` but for those that the author has written out."""
    written = {step.path for step in own}
    return StepList(step for step in steps_of(steps) if step.path not in written)
