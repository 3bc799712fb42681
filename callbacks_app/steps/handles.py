"""A callback as a step's function sees it. The state holds only the reference."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer

from callbacks_app import signing, tokens
from callbacks_app.models import CallbackToken
from workflows_app.errors import StepError
from workflows_app.json_values import JSON, JSONObject

REFERENCE = "$callback"


class CallbackHandle(BaseModel):
    """A callback that was handed out: annotate a parameter with it to get its addresses.

    They are made when they are asked for and never stored: in the state, and in what the step
    returns, a handle is ``{"$callback": <id>}``.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    callback_id: str = Field(alias=REFERENCE)

    @model_serializer
    def as_reference(self) -> dict[str, str]:
        """Return what the state holds."""
        return {REFERENCE: self.callback_id}

    @cached_property
    def _row(self) -> CallbackToken:
        row = CallbackToken.objects.filter(public_id=self.callback_id).first()
        if row is None:
            raise StepError(f"there is no callback {self.callback_id}")
        return row

    @property
    def route(self) -> str:
        """The relative address at which it is answered."""
        return tokens.route(self._row)

    @property
    def url(self) -> str:
        """The absolute address at which it is answered."""
        return tokens.url(self._row)

    @property
    def progress_url(self) -> str:
        """The absolute address for progress; its token cannot answer."""
        return tokens.progress_url(self._row)

    @property
    def token(self) -> str:
        """The token alone, for callers that build the address themselves."""
        return signing.make(self._row)

    @property
    def mistral_url(self) -> str:
        """The base URL under which OpenStack Mistral's API answers it."""
        return tokens.mistral_url(self._row)

    @property
    def mistral_id(self) -> str:
        """Its id there: an action execution's."""
        return self._row.uuid

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be stored, whatever the step does with it."""
        return (
            *(self.url, self.route, self.token, self.progress_url, self.mistral_url),
            signing.make(self._row, scope="progress"),
        )


def lent(handle: CallbackHandle, *, route_key: str = "callback_route") -> Mapping[str, Any]:
    """Return what a step that starts remote work may ask for by name."""
    return {
        route_key: handle.route,
        "callback_url": handle.url,
        "progress_url": handle.progress_url,
        "callback_token": handle.token,
        "callback_handle": handle,
    }


def reference(state: Mapping[str, Any], key: str) -> CallbackHandle:
    """Return the callback that the state refers to under ``key``.

    Raises:
        StepError: it refers to none.
    """
    value: JSON = state.get(key)
    if not is_reference(value):
        raise StepError(f"the state has no callback under '{key}'")
    return CallbackHandle.model_validate(value)


def is_reference(value: JSON) -> bool:
    """Return whether ``value`` stands for a callback."""
    return isinstance(value, dict) and value.keys() == {REFERENCE}


def as_state(callback: CallbackToken) -> JSONObject:
    """Return what the state holds of a callback."""
    return {REFERENCE: callback.public_id}
