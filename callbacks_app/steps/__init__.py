"""The language's words for asking somebody outside and waiting for the answer."""

from callbacks_app.options import SITE_DEFAULT, CallbackOptions
from callbacks_app.steps.confirming import confirm_callback
from callbacks_app.steps.handles import CallbackHandle
from callbacks_app.steps.http import async_noop, http_step
from callbacks_app.steps.mapping import callback_map
from callbacks_app.steps.one import callback_step, wait_for_callback
from callbacks_app.steps.two_phases import callback_result, create_callback

__all__ = [
    "SITE_DEFAULT",
    "CallbackHandle",
    "CallbackOptions",
    "async_noop",
    "callback_map",
    "callback_result",
    "callback_step",
    "confirm_callback",
    "create_callback",
    "http_step",
    "wait_for_callback",
]
