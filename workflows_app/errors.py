"""What can go wrong with a workflow or a process.

WorkflowError
├── DefinitionError          a workflow is written in a way that cannot run
│   ├── NotAStep             something in a chain is neither a step nor a list of steps
│   ├── RepeatedStep         two steps of one definition have the same path
│   └── DuplicateWorkflow    two workflows have the same name
├── UnknownWorkflow          no workflow of that name is registered
├── UnknownProcess           no process with that id
├── UnknownStep              the definition has no step of that path
├── WrongStatus              the process is not in a status that allows this
├── ChangedMeanwhile         the process has moved on since somebody decided to act on it
├── SearchTooSlow            a search takes longer than a page may
├── AlreadyAnswered          somebody else answered the form first
├── NotAllowed               the user may not do this
├── StartRefused             the workflow's predicate refuses to start it now
├── AuthorsMistake           the workflow's own form or predicate raised an exception
├── KeyReused                an idempotency key came back with another request
├── MalformedKey             an idempotency key is too long, or not text
├── FormError                the inputs do not go with the form
│   ├── TooManyPages         more pages were sent than the form has
│   └── MalformedInputs      they are not a list with one JSON object for each page
├── FormNotComplete          another page of the form is needed
├── FormRejected             a page of the form does not validate
├── ScheduleError            a schedule cannot be made or changed
│   ├── UnknownSchedule      no schedule with that id
│   ├── ImpossibleCadence    it would never be due, or far too often
│   └── NameTaken            another schedule has that name
├── DomainError              a subscription cannot be made, loaded or stored
│   ├── UnknownProduct       no such product, or it is at the end of its life
│   ├── UnknownSubscription  no subscription with that id
│   ├── WrongVariant         another model describes a subscription in that status
│   ├── ImpossibleLifecycle  no subscription goes from that status to the other
│   ├── StaleDataError       somebody else has changed it meanwhile
│   ├── BlockInUse           a block cannot be removed: another subscription uses it
│   ├── DuplicateBlock       two objects claim to be the same block
│   ├── UnknownProductBlock  the database does not know a block
│   └── SubscriptionLocked   another process is changing it
├── CatalogError             a migration cannot change workflows or products like this
│   ├── NotInCatalog         it names what the database does not have
│   └── StillInUse           subscriptions have what it deletes
├── EndpointRefused          there cannot be such a webhook
├── UnknownEndpoint          the user has no webhook of that id
├── SealBroken               a stored secret cannot be opened with today's keys
└── StepError                a step cannot be run, or its result cannot be kept
    ├── MissingParameter     the state lacks a key that the step needs
    ├── WrongParameter       a value does not fit the parameter's annotation
    ├── WrongResult          the step returned something other than a mapping or None
    ├── NotJSON              a value cannot be stored as JSON
    └── Interrupted          the worker died while the step ran; its outcome is unknown

Raised by authors in their steps:

ProcessFailureError          fail the process with a message and details
├── ApiUnavailable           a remote system is away
└── InconsistentData         what was found is not what should be

Errors know no HTTP: the edges map them to answers.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from workflows_app.statuses import in_words


class WorkflowError(Exception):
    """Something about a workflow or a process is wrong."""


class DefinitionError(WorkflowError):
    """A workflow is written in a way that cannot run."""


class NotAStep(DefinitionError):
    """Something in a chain is neither a step nor a list of steps."""

    def __init__(self, value: object) -> None:
        if callable(value):
            name = getattr(value, "__name__", repr(value))
            hint = f"decorate the function {name} with @step, or call it if it returns steps"
        else:
            hint = f"{value!r} is a {type(value).__name__}"
        super().__init__(f"only steps and lists of steps can be chained with >>; {hint}")


class RepeatedStep(DefinitionError):
    """Two steps of one definition have the same path."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"the step '{path}' occurs twice in one definition; a process is bookmarked by the "
            "name of its next step, so give one of them another name"
        )


class DuplicateWorkflow(DefinitionError):
    """Two workflows have the same name."""

    def __init__(self, name: str, first: str, second: str) -> None:
        super().__init__(f"the workflow '{name}' is defined by {first} and again by {second}")


class UnknownWorkflow(WorkflowError):
    """No workflow of that name is registered."""

    def __init__(self, name: str, why: str = "") -> None:
        text = _("there is no workflow '%(name)s'") % {"name": name}
        super().__init__(f"{text}: {why}" if why else text)
        self.name = name


class UnknownProcess(WorkflowError):
    """No process with that id."""

    def __init__(self, process_id: UUID) -> None:
        super().__init__(_("there is no process %(id)s") % {"id": process_id})


class UnknownStep(WorkflowError):
    """The definition has no step of that path."""

    def __init__(self, path: str, known: Iterable[str]) -> None:
        text = _(
            "the step '%(path)s' is no longer part of the workflow; choose the step to continue "
            "from: %(known)s"
        )
        super().__init__(text % {"path": path, "known": ", ".join(known)})
        self.path = path


class WrongStatus(WorkflowError):
    """The process is not in a status that allows this."""

    def __init__(self, process_id: UUID, *, actual: str, wanted: str) -> None:
        text = _("the process is %(actual)s; %(wanted)s")
        super().__init__(text % {"actual": in_words(actual), "wanted": wanted})
        self.process_id = process_id
        self.actual = actual


class ChangedMeanwhile(WorkflowError):
    """The process has moved on since somebody decided to act on it."""

    def __init__(self, actual: str) -> None:
        text = _("it has changed meanwhile: the process is %(actual)s")
        super().__init__(text % {"actual": in_words(actual)})


class SearchTooSlow(WorkflowError):
    """A search takes longer than a page may."""

    def __init__(self) -> None:
        super().__init__(_("this search takes too long; narrow it with a filter or another word"))


class AlreadyAnswered(WorkflowError):
    """Somebody else answered the form first."""

    def __init__(self, by: str, at: str) -> None:
        super().__init__(_("this form was answered by %(by)s at %(at)s") % {"by": by, "at": at})


class NotAllowed(WorkflowError):
    """The user may not do this."""


class StartRefused(WorkflowError):
    """The workflow's predicate refuses to start it now."""


class AuthorsMistake(WorkflowError):
    """The workflow's own form or predicate raised an exception."""

    def __init__(self, what: str, error: BaseException) -> None:
        text = _("%(what)s raised %(error)s")
        super().__init__(text % {"what": what, "error": f"{type(error).__name__}: {error}"})


class KeyReused(WorkflowError):
    """An idempotency key came back with another request."""


class MalformedKey(WorkflowError):
    """An idempotency key is too long, or not text."""


class FormError(WorkflowError):
    """The inputs do not go with the form."""


class TooManyPages(FormError):
    """More pages of input were sent than the form has."""


class MalformedInputs(FormError):
    """The inputs are not a list with one JSON object for each page."""


class FormNotComplete(WorkflowError):
    """Another page of the form is needed; ``page`` is what comes next."""

    def __init__(self, page: Any) -> None:
        super().__init__("another page of the form is needed")
        self.page = page


class FormRejected(WorkflowError):
    """A page of the form does not validate; ``page`` carries the verdict."""

    def __init__(self, page: Any) -> None:
        super().__init__(f"page {page.index + 1} of the form does not validate: {page.said}")
        self.page = page


class ScheduleError(WorkflowError):
    """A schedule cannot be made or changed."""


class UnknownSchedule(ScheduleError):
    """No schedule with that id."""

    def __init__(self, schedule_id: UUID) -> None:
        super().__init__(_("there is no schedule %(id)s") % {"id": schedule_id})


class ImpossibleCadence(ScheduleError):
    """A schedule would never be due, or far too often."""


class NameTaken(ScheduleError):
    """Another schedule has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(_("there is a schedule '%(name)s' already") % {"name": name})


class DomainError(WorkflowError):
    """A subscription cannot be made, loaded or stored."""


class UnknownProduct(DomainError):
    """No such product, or it is at the end of its life."""

    def __init__(self, product: str) -> None:
        text = _("there is no product %(product)s that could be ordered")
        super().__init__(text % {"product": product})


class UnknownSubscription(DomainError):
    """No subscription with that id."""

    def __init__(self, subscription_id: UUID) -> None:
        super().__init__(_("there is no subscription %(id)s") % {"id": subscription_id})


class WrongVariant(DomainError):
    """Another model describes a subscription in that status."""


class ImpossibleLifecycle(DomainError):
    """No subscription goes from that status to the other."""

    def __init__(self, actual: str, wanted: str) -> None:
        super().__init__(f"a subscription that is {actual} cannot become {wanted}")


class StaleDataError(DomainError):
    """Somebody else has changed the subscription meanwhile."""

    def __init__(self, subscription_id: UUID, *, given: int) -> None:
        super().__init__(
            f"the subscription {subscription_id} was changed by somebody else since its version "
            f"{given} was read; load it again"
        )


class BlockInUse(DomainError):
    """A block cannot be removed: another subscription uses it."""

    def __init__(self, blocks: Iterable[UUID]) -> None:
        named = ", ".join(map(str, blocks))
        super().__init__(f"another subscription uses a block that was removed: {named}")


class DuplicateBlock(DomainError):
    """Two objects claim to be the same block."""

    def __init__(self, block: UUID) -> None:
        super().__init__(f"two different objects in one subscription are the block {block}")


class UnknownProductBlock(DomainError):
    """The database does not know a block."""

    def __init__(self, names: Iterable[str]) -> None:
        named = ", ".join(names)
        super().__init__(
            f"the database has no product block {named}; migrate_domain_models adds it"
        )


class SubscriptionLocked(DomainError):
    """Another process is changing the subscription."""


class CatalogError(WorkflowError):
    """A migration cannot change the registered workflows or the products like this."""


class NotInCatalog(CatalogError):
    """A migration names what the database does not have."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"there is no {what} '{name}'; a migration before this one must create it")


class StillInUse(CatalogError):
    """A migration deletes what subscriptions have."""

    def __init__(self, what: str, name: str, *, subscriptions: int, hint: str) -> None:
        counted = (
            "1 subscription uses" if subscriptions == 1 else f"{subscriptions} subscriptions use"
        )
        super().__init__(f"the {what} '{name}' cannot be deleted, as {counted} it: {hint}")


class EndpointRefused(WorkflowError):
    """There cannot be such a webhook."""


class UnknownEndpoint(WorkflowError):
    """The user has no webhook of that id."""

    def __init__(self, endpoint_id: int) -> None:
        super().__init__(_("you have no webhook %(id)s") % {"id": endpoint_id})


class SealBroken(WorkflowError):
    """A secret in the database was sealed under a SECRET_KEY that is known no more."""

    def __init__(self) -> None:
        super().__init__("a secret cannot be opened with SECRET_KEY or SECRET_KEY_FALLBACKS")


class StepError(WorkflowError):
    """A step cannot be run, or its result cannot be kept."""


class MissingParameter(StepError):
    """The state lacks a key that the step needs."""

    def __init__(self, step: str, parameter: str, keys: Iterable[str]) -> None:
        super().__init__(
            f"step '{step}' needs '{parameter}', which is not in the state; "
            f"the state has: {', '.join(sorted(keys)) or 'nothing'}"
        )


class WrongParameter(StepError):
    """A value does not fit the parameter's annotation."""

    def __init__(self, step: str, parameter: str, why: str) -> None:
        super().__init__(f"step '{step}': the value for '{parameter}' does not fit: {why}")


class WrongResult(StepError):
    """The step returned something other than a mapping or None."""

    def __init__(self, step: str, result: object) -> None:
        super().__init__(
            f"step '{step}' returned a {type(result).__name__}; "
            "a step returns a mapping of the keys to change, or None"
        )


class NotJSON(StepError):
    """A value cannot be stored as JSON."""


class Interrupted(StepError):
    """The worker died while the step ran; its outcome is unknown."""

    def __init__(self, times: int = 1) -> None:
        died = "the worker died" if times == 1 else f"{times} workers died"
        super().__init__(
            f"interrupted, outcome unknown: {died} while this step ran; "
            "look at the remote side, then retry or skip the step"
        )


class StepTimedOut(BaseException):
    """The step ran longer than its ``timeout``.

    Not an ``Exception``, so that a broad handler in a step cannot swallow it.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the step was stopped after its timeout of {seconds:g} s")


class ProcessFailureError(Exception):
    """Fail the process with a message for the operator and details to look at.

    Args:
        message: one sentence, shown first.
        details: anything that can be stored as JSON.
    """

    def __init__(self, message: str, details: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class ApiUnavailable(ProcessFailureError):
    """A remote system is away; a task that raises this ends as ``api_unavailable``."""


class InconsistentData(ProcessFailureError):
    """What was found is not what should be; a task ends as ``inconsistent_data``."""
