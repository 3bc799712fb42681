"""What a trace shows of a callback: all that the project asks of OpenTelemetry's API.

Without an SDK nothing is recorded, and a traceparent that is given is passed on as it came.
Source: W3C Trace Context; OpenTelemetry's Trace API, "behavior in the absence of an SDK".
"""

from contextlib import AbstractContextManager

from opentelemetry import context, trace
from opentelemetry.trace import Link, Span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_SPAN = "durable_operation"
_HEADER = "traceparent"
_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer(__name__)  # A proxy: an SDK may be configured after the import.


def operation(
    name: str, *, op_id: str, parent: str = "", link: str = ""
) -> AbstractContextManager[Span]:
    """Return a span to enter, which is the current one until it is left.

    Args:
        parent: the traceparent of the span it belongs to; without a valid one, the current span.
        link: the traceparent of a span it has to do with; one that is not valid is left out.
    """
    return _tracer.start_as_current_span(
        _SPAN,
        context=_propagator.extract({_HEADER: parent}, context.get_current()),
        attributes={"op.name": name, "op.type": "callback", "op.id": op_id},
        links=[_link(link)],
    )


def traceparent() -> str:
    """Return the traceparent of the current span, to send along; "" outside any trace."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get(_HEADER, "")


def _link(linked: str) -> Link:
    """Return a link; one to nothing, which an SDK leaves out, if ``linked`` is not valid."""
    return Link(trace.get_current_span(_propagator.extract({_HEADER: linked})).get_span_context())
