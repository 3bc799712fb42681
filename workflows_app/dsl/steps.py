"""A step, and lists of steps under ``>>``.

A ``StepList`` is flat: groups, conditions and lenses are marks on its steps, so that lists can be
chained, sliced and compared, and nothing a step carries (its authorisers, assignee, retry policy)
can get lost when it is combined.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias, overload, runtime_checkable
from uuid import UUID

from workflows_app.errors import NotAStep
from workflows_app.json_values import JSONObject, changes, replace_strings, to_json
from workflows_app.outcomes import ErrorRecord, Outcome, Planned, Success
from workflows_app.retry import ONLY_WHEN_ASKED, Retry
from workflows_app.statuses import StepStatus

State: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["start", "step", "input", "callback", "timer", "condition", "end"]
HIDDEN = "[hidden]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a step is told about the run it is part of.

    Attributes:
        state: the process's state; the step must not change it.
        attempt: counts every try of the step in this process, those after a retry by hand too.
        tries: counts the tries that its policy has made since it was last begun by hand.
        idempotency_key: the same for every re-run of this execution; for remote APIs.
        resumes: the status of the row that this run continues: a wait that is due or answered.
        traceparent: the trace of the request that started the process; "" if it had none.
    """

    process_id: UUID
    workflow_name: str
    reporter: str
    path: str
    state: JSONObject
    attempt: int = 1
    tries: int = 1
    idempotency_key: str = ""
    resumes: StepStatus | None = None
    traceparent: str = ""
    now: datetime

    def injectable(self) -> dict[str, Any]:
        """Return the names that every step may ask for beside the state's keys."""
        return {
            "state": self.state,
            "process_id": str(self.process_id),
            "workflow_name": self.workflow_name,
            "reporter": self.reporter,
            "attempt": self.attempt,
            "idempotency_key": self.idempotency_key,
            "traceparent": self.traceparent,
        }


class Authorizer(Protocol):
    """Decides whether a user may start, resume or retry; ``user`` is Django's user."""

    def __call__(self, user: Any, /) -> bool: ...


class Lens(Protocol):
    """Shows a step a part of the state, and puts back what it made of it."""

    def get(self, state: JSONObject) -> JSONObject: ...

    def set(self, state: JSONObject, part: JSONObject) -> JSONObject: ...


@dataclass(frozen=True, eq=False)
class Group:
    """Steps that are shown, and on failure retried, as one."""

    name: str
    retry_from: Literal["start", "failed"]


@dataclass(frozen=True, eq=False)
class Block:
    """Steps that run if their condition, looked at once, was true."""

    label: str


@dataclass(frozen=True)
class BoundStep:
    """A step with its arguments: call it to run it. Only what it changed is its patch.

    Attributes:
        state: the state that the patch is compared with.
        secrets: strings that must not be stored, whatever the step does with them.
        unspoken: strings that an error must not repeat; a result may have them.
    """

    call: Callable[[], Outcome]
    state: JSONObject
    secrets: tuple[str, ...] = ()
    unspoken: tuple[str, ...] = ()

    def __call__(self) -> Outcome:
        outcome = self.call()
        if isinstance(outcome, Success):
            patch = to_json(outcome.patch, what="the step's result")
            patch = replace_strings(patch, self.scrub) if self.secrets else patch
            outcome = Success(changes(self.state, patch), outcome.saves)
        return outcome

    def scrub(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        return _without(self.secrets, text)

    def describe(self, error: BaseException) -> ErrorRecord:
        """Return ``error`` as it may be stored."""
        return ErrorRecord.of(error, scrub=lambda text: _without(self.unspoken, self.scrub(text)))


def _without(secrets: Iterable[str], text: str) -> str:
    for secret in sorted(secrets, key=len):  # A token before the address it is in.
        text = text.replace(secret, HIDDEN)
    return text


@runtime_checkable
class Secretive(Protocol):
    """An argument that carries strings which must not be stored, whatever the step does."""

    @property
    def secrets(self) -> tuple[str, ...]: ...


@runtime_checkable
class Savable(Protocol):
    """A result that is written to the database together with its step."""

    def plan_save(self) -> Planned: ...


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments.

    Attributes:
        secrets, unspoken: strings in the arguments, as of ``BoundStep``.
    """

    function: Callable[[], Outcome]
    secrets: tuple[str, ...] = ()
    unspoken: tuple[str, ...] = ()

    def __call__(self) -> Outcome:
        return self.function()


Binder: TypeAlias = Callable[[Context, Mapping[str, Any]], Call]
Provider: TypeAlias = Callable[[Context], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A named unit of work. Made by ``@step`` and its relatives, combined with ``>>``.

    Attributes:
        bind: gives the arguments to the function; reads what they need.
        provides: makes further arguments; the strings among them are secret: never stored, and
            scrubbed from results.
        form: for an input step, ``form(context)`` is the generator of its pages.
        timeout: seconds the function may run.
        on_interrupt: what to do when the worker died while the function ran.
        atomic: whether the function's database work commits with the step (PostgreSQL).
        options: what the step's maker wants to find again in the definition.
        engine_step: part of the engine: quick, no HTTP, always inside the step's transaction.
    """

    name: str
    bind: Binder
    kind: Kind = "step"
    function: Callable[..., Any] | None = None
    form: Callable[[Context], Any] | None = None
    assignee: str = ""
    retry: Retry = ONLY_WHEN_ASKED
    timeout: float | None = None
    on_interrupt: Literal["rerun", "fail"] = "rerun"
    atomic: bool = True
    engine_step: bool = False
    authorize_resume: Authorizer | None = None
    authorize_retry: Authorizer | None = None
    provides: Provider | None = None
    groups: tuple[Group, ...] = ()
    blocks: tuple[Block, ...] = ()
    opens: Block | None = None
    lenses: tuple[Lens, ...] = ()
    options: Any = None

    @property
    def path(self) -> str:
        """The name under which a process is bookmarked: the groups' names, then its own."""
        return "/".join((*(group.name for group in self.groups), self.name))

    def focus(self, context: Context) -> Context:
        """Return ``context`` with the part of the state that the step's lenses show."""
        state = context.state
        for lens in self.lenses:
            state = lens.get(state)
        return replace(context, state=state) if self.lenses else context

    def prepare(self, context: Context) -> BoundStep:
        """Collect the arguments. Database reads happen here, before the step's transaction.

        Raises:
            StepError: an argument is missing or does not fit.
        """
        focused = self.focus(context)
        provided = self.provides(focused) if self.provides else {}
        call = self.bind(focused, provided)
        lent = (value for value in provided.values() if isinstance(value, str))
        return BoundStep(
            lambda: self.widen(context.state, call()),
            context.state,
            secrets=tuple(filter(None, (*lent, *call.secrets))),
            unspoken=call.unspoken,
        )

    def widen(self, state: JSONObject, outcome: Outcome) -> Outcome:
        """Put what the lenses' part became back into the whole state."""
        if not (self.lenses and isinstance(outcome, Success)):
            return outcome
        states = [state]
        for lens in self.lenses:
            states.append(lens.get(states[-1]))
        part = {**states.pop(), **to_json(outcome.patch, what="the step's result")}
        for lens in reversed(self.lenses):
            part = lens.set(states.pop(), part)
        return Success(changes(state, to_json(part)), outcome.saves)

    def __rshift__(self, other: "Step | StepList") -> "StepList":
        return StepList([self]) >> other

    def __repr__(self) -> str:
        return f"<Step {self.path!r}>"


class StepList(Sequence[Step]):
    """Steps in order. ``>>`` appends a step or a list, and is associative.

    >>> one, two, three = (Step(name=n, bind=lambda c, p: Success) for n in ("1", "2", "3"))
    >>> begin = StepList()
    >>> begin >> one >> two
    <StepList '1' >> '2'>
    >>> (begin >> one) >> (begin >> two >> three) == begin >> one >> two >> three
    True
    >>> begin >> begin == begin
    True
    >>> (one >> two >> three)[1:]
    <StepList '2' >> '3'>
    """

    __slots__ = ("_steps",)

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._steps = tuple(steps)

    def __rshift__(self, other: "Step | StepList") -> "StepList":
        return StepList((*self._steps, *steps_of(other)))

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> "StepList": ...
    def __getitem__(self, index: int | slice) -> "Step | StepList":
        return StepList(self._steps[index]) if isinstance(index, slice) else self._steps[index]

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StepList) and self._steps == other._steps

    def __hash__(self) -> int:
        return hash(self._steps)

    def __repr__(self) -> str:
        return f"<StepList {' >> '.join(repr(step.path) for step in self)}>"

    def marked(self, **marks: Any) -> "StepList":
        """Return the list with ``marks`` put before those that each step has of the same kind."""

        def mark(step: Step) -> Step:
            added: Any = {name: (*mark, *getattr(step, name)) for name, mark in marks.items()}
            return replace(step, **added)

        return StepList(map(mark, self))


def steps_of(value: object) -> StepList:
    """Return ``value``, a step or a list of steps, as a list.

    Raises:
        NotAStep: it is neither.
    """
    if isinstance(value, StepList):
        return value
    if isinstance(value, Step):
        return StepList([value])
    raise NotAStep(value)


__all__ = [
    "HIDDEN",
    "Authorizer",
    "Binder",
    "Block",
    "BoundStep",
    "Call",
    "Context",
    "Group",
    "Lens",
    "Savable",
    "Secretive",
    "State",
    "Step",
    "StepList",
    "steps_of",
]
