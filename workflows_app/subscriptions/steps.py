"""The stock steps of workflows that work on a subscription."""

from uuid import UUID

from workflows_app import locks, registry
from workflows_app.domain import SubscriptionLifecycle, SubscriptionModel
from workflows_app.domain.variants import as_variant
from workflows_app.dsl import Context, State, Step, StepList, primitive, step, step_group
from workflows_app.errors import DomainError, StepError
from workflows_app.json_values import JSONObject, to_json
from workflows_app.localized import marked
from workflows_app.models import Process, ProcessSubscription, Subscription
from workflows_app.outcomes import Outcome, Success
from workflows_app.statuses import Target
from workflows_app.subscriptions import rules

_SET_STATUS = {
    SubscriptionLifecycle.INITIAL: marked("Set subscription to 'initial'"),
    SubscriptionLifecycle.PROVISIONING: marked("Set subscription to 'provisioning'"),
    SubscriptionLifecycle.ACTIVE: marked("Set subscription to 'active'"),
    SubscriptionLifecycle.MIGRATING: marked("Set subscription to 'migrating'"),
    SubscriptionLifecycle.DISABLED: marked("Set subscription to 'disabled'"),
    SubscriptionLifecycle.TERMINATED: marked("Set subscription to 'terminated'"),
}


def set_status(status: SubscriptionLifecycle) -> Step:
    """Return the step that moves the subscription to ``status``, if it is all that this demands."""
    status = SubscriptionLifecycle(status)

    @step(_SET_STATUS[status])
    def change(subscription: SubscriptionModel) -> State:
        variant = as_variant(type(subscription), status)
        return {"subscription": variant.from_other_lifecycle(subscription, status)}

    return change


def store_process_subscription(target: Target | None = None) -> Step:
    """Return the step that notes which subscription the process concerns.

    It puts the subscription into the state if only its id is there. One that the process creates,
    which nobody has locked, is locked by this process.

    Args:
        target: what the process does to it; the workflow's target if not given.
    """

    def store(context: Context) -> Outcome:
        identity = _subscription_id(context)
        if _relate(context, identity, target) == Target.CREATE:
            unheld = Subscription.objects.filter(pk=identity, insync=False, locked_by=None)
            unheld.update(locked_by=context.process_id)
        if isinstance(context.state.get("subscription"), dict):
            return Success()
        loaded = SubscriptionModel.from_subscription(identity)
        return Success({"subscription": to_json(loaded)})

    return primitive(marked("Create Process Subscription relation"), store)


def ensure_provisioning_status(steps: Step | StepList) -> StepList:
    """Run ``steps`` while the subscription is provisioning; then it is active again."""
    lifecycle = SubscriptionLifecycle
    return step_group(
        marked("Provisioning"),
        set_status(lifecycle.PROVISIONING) >> steps >> set_status(lifecycle.ACTIVE),
        retry_from="failed",
    )


def _lock(context: Context) -> Outcome:
    identity = _subscription_id(context)
    if locks.take(identity, process_id=context.process_id):
        _look_again(context, identity)
    return Success(_shown(context, insync=False))


def _lock_unchecked(context: Context) -> Outcome:
    identity = _subscription_id(context)
    if locks.take_over(identity, process_id=context.process_id):
        _look_again(context, identity)
    return Success(_shown(context, insync=False))


def _unlock(context: Context) -> Outcome:
    identity = _subscription_id(context)
    _relate(context, identity, None)
    locks.give_back(identity, process_id=context.process_id)
    return Success(_shown(context, insync=True))


def _look_again(context: Context, subscription_id: UUID) -> None:
    """Apply the rules of the start to what is locked now: it may have changed since the form.

    Raises:
        DomainError: the workflow is not for the subscription any more. It stays unlocked.
    """
    usable = registry.get(context.workflow_name).usable
    if usable is None:
        return
    row = Subscription.objects.select_related("product").get(pk=subscription_id)
    why = rules.refusal(context.workflow_name, usable, row, holder=context.process_id)
    if why:
        raise DomainError(why)


def _subscription_id(context: Context) -> UUID:
    """Return which subscription the process works on.

    Raises:
        StepError: the state names none.
    """
    shown = context.state.get("subscription")
    named = shown.get("subscription_id") if isinstance(shown, dict) else shown
    try:
        return UUID(str(named or context.state.get("subscription_id")))
    except ValueError as error:
        raise StepError(
            "the state names no subscription, under 'subscription' or 'subscription_id'"
        ) from error


def _relate(context: Context, subscription_id: UUID, target: Target | None) -> str:
    """Note that the process concerns the subscription, if it is not noted; return its target."""
    process = Process.objects.select_related("workflow").get(pk=context.process_id)
    noted, _ = ProcessSubscription.objects.get_or_create(
        process=process,
        subscription_id=subscription_id,
        defaults={"target": target or process.workflow.target},
    )
    return noted.target


def _shown(context: Context, *, insync: bool) -> JSONObject:
    """Return what changes in the state's picture of the subscription."""
    shown = context.state.get("subscription")
    return {"subscription": {**shown, "insync": insync}} if isinstance(shown, dict) else {}


unsync = primitive(marked("Lock subscription"), _lock)
unsync_unchecked = primitive(marked("Lock subscription, in sync or not"), _lock_unchecked)
resync = primitive(marked("Unlock subscription"), _unlock)
