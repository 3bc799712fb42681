"""What Mistral's API says to an action execution, as what this project says to a callback.

Mistral itself completes an execution twice, brings finished ones back to life, and dies of an
output that is too large. Here the first answer counts, an end is an end, and a refusal changes
nothing; whatever else a client of Mistral relies on is as it is there.

Source: Mistral's ``mistral/api/controllers/v2/action_execution.py``; OpenStack's document "How to
work with asynchronous actions".
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from callbacks_app import answers, attempts, by_hand, payloads
from callbacks_app.action_executions import STATES, State, state_of
from callbacks_app.answers import Answer
from callbacks_app.attempts import Sender
from callbacks_app.by_hand import Person
from callbacks_app.errors import AlreadyAnswered, MalformedPayload, NoLongerOpen
from callbacks_app.incoming import Incoming
from callbacks_app.mistral_schemas import ActionExecutionSerializer
from callbacks_app.models import CallbackToken
from callbacks_app.payloads import Message
from workflows_app.json_values import JSON
from workflows_app.models import ProcessEvent

REASON = "Mistral API"  # Of an answer by hand that says no more.
ERROR_TYPE = "Mistral.ERROR"
UNKNOWN_ERROR = "Unknown error"
LONGEST_MESSAGE = 1000  # Characters; the data has all of it.
NOTES = ("state_info", "description")
# Clients of Mistral send back a resource that they have changed; the rest of it says nothing.
FIELDS = frozenset(ActionExecutionSerializer().fields)
_NO_OUTPUT: tuple[JSON, ...] = (None, "", {}, [])


@dataclass(frozen=True, slots=True)
class Update:
    """What becomes of an action execution.

    Attributes:
        note: what the sender says of it; for a person, the reason.
    """

    state: State
    output: JSON = None
    note: str = ""

    @property
    def error(self) -> dict[str, Any]:
        """What went wrong, if the state is ERROR."""
        if self.output in _NO_OUTPUT:
            return {"error_type": ERROR_TYPE, "error_message": UNKNOWN_ERROR}
        said = self.output if isinstance(self.output, str) else json.dumps(self.output)
        message = said if len(said) <= LONGEST_MESSAGE else f"{said[: LONGEST_MESSAGE - 1]}…"
        return {"error_type": ERROR_TYPE, "error_message": message, "error_data": self.output}

    @property
    def answer(self) -> Answer | None:
        """The answer to the callback; None for PAUSED and RUNNING, which are none."""
        if self.state == "SUCCESS":
            return Answer(result=self.output)
        if self.state == "ERROR":
            return Answer.failure(self.error)
        return Answer.cancellation() if self.state == "CANCELLED" else None


def update_in(body: JSON) -> Update:
    """Return the update that a body asks for.

    Raises:
        MalformedPayload: it is no object, has no known state, or has a field that Mistral has not.
    """
    if not isinstance(body, dict):
        raise MalformedPayload("The body is a JSON object with a state.", code="malformed_update")
    if unknown := sorted(body.keys() - FIELDS):
        problem = f"There is no such field: {', '.join(unknown)[:200]}."
        raise MalformedPayload(problem, code="malformed_update")
    state = next((known for known in STATES if known == body.get("state")), None)
    if state is None:
        raise MalformedPayload(f"The state is one of {', '.join(STATES)}.", code="malformed_update")
    notes = (body.get(name) for name in NOTES)
    note = next((note for note in notes if isinstance(note, str) and note.strip()), "")
    return Update(state, decoded(body.get("output")), note)


def decoded(output: JSON) -> JSON:
    """Return the object or the list that a string is the JSON of; anything else as it is.

    Older clients of Mistral put the JSON of an object into a string. The string "3" stays a
    string, as does one that only looks like JSON.
    """
    if not isinstance(output, str) or not output.lstrip().startswith(("{", "[")):
        return output
    try:
        return payloads.parse(output.encode())
    except MalformedPayload:
        return output


def hand_in(incoming: Incoming, update: Update) -> bool:
    """Do what the remote system asks for. True if the same was asked for, and done, before.

    Raises:
        MalformedPayload: it is over, and cannot pause or go on.
        InvalidPayload: the output does not fit what the step expects.
        AlreadyAnswered, NoLongerOpen, KeyReused: nothing has changed.
    """
    answer = update.answer
    if answer is None:
        _set_paused(incoming.callback, incoming.sender, update.state)
        return False
    _note_answer(incoming, update, answer)
    if update.state == "SUCCESS":
        payloads.fit(update.output, incoming.options.payload_model)
    trace = incoming.traceparent
    return answers.receive(incoming.callback, answer, incoming.sender, traceparent=trace) == (
        "replayed"
    )


def hand_in_by_hand(callback: CallbackToken, update: Update, person: Person) -> bool:
    """Do what a person asks for. True if the same request was made, and done, before.

    Raises:
        ReasonMissing: the person does not say why.
        MalformedPayload, InvalidPayload, AlreadyAnswered, NoLongerOpen: as for ``hand_in``.
    """
    answer, sender = update.answer, person.sender
    if answer is None:
        _set_paused_by_hand(callback, update, person)
        return False
    if sender.key and (sender.key, sender.digest) == (callback.idempotency_key, callback.digest):
        attempts.record(callback, sender, kind=answer.kind, outcome="replayed")
        return True
    if update.state == "SUCCESS":
        by_hand.complete(callback, result=update.output, person=person)
    elif update.state == "ERROR":
        by_hand.fail(callback, error=update.error, person=person)
    else:
        by_hand.cancel(callback, person=person)
    callback.refresh_from_db()
    return False


@dataclass(frozen=True, kw_only=True)
class Caller(Person):
    """A person who calls the API: the request tells a repetition from another answer."""

    request: Sender

    @property
    def sender(self) -> Sender:
        """How the log of requests names the person, and knows the request again."""
        request = self.request
        return replace(super().sender, key=request.key, digest=request.digest, size=request.size)


def caller(incoming: Incoming, update: Update, *, name: str) -> Caller:
    """Return the person who sent the request."""
    if update.answer is not None:
        _note_answer(incoming, update, update.answer)
    reason = update.note or REASON
    return Caller(name=name, via=incoming.via, reason=reason, request=incoming.sender)


def _note_answer(incoming: Incoming, update: Update, answer: Answer) -> None:
    """Let the request be known as that answer: its kind, its result, and a key of its own.

    Mistral's clients send no key, so the body is one: the same body again is a repetition.
    """
    incoming.kind = answer.kind
    sent = incoming.message.key if incoming.message else ""
    incoming.message = Message(update.output, sent or f"mistral:{incoming.sender.digest}")


def _set_paused(callback: CallbackToken, sender: Sender, state: State) -> None:
    """Let the remote system be silent, or count its silence again."""
    with _legal(callback, state):
        answers.set_paused(callback, sender, paused=state == "PAUSED")


def _set_paused_by_hand(callback: CallbackToken, update: Update, person: Person) -> None:
    """Pause or go on, with a line in the action log if that changes anything."""
    before = state_of(callback)
    with transaction.atomic():
        _set_paused(callback, person.sender, update.state)
        if before != update.state:
            ProcessEvent.objects.create(
                process=callback.process,
                actor=person.name,
                action=f"callback is {update.state.lower()}",
                reason=person.reason.strip(),
                details={"callback": callback.public_id},
            )


@contextmanager
def _legal(callback: CallbackToken, wanted: State) -> Iterator[None]:
    """Turn the refusals of an ended callback into Mistral's sentence for it."""
    try:
        yield
    except (AlreadyAnswered, NoLongerOpen) as error:
        state = state_of(callback)  # Looked at again by whoever refused.
        state = "ERROR" if state in ("RUNNING", "PAUSED") else state  # Its time is up.
        problem = f"Invalid state transition from {state} to {wanted}."
        raise MalformedPayload(problem, code="invalid_transition") from error
