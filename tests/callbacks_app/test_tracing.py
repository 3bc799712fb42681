"""What a trace shows of a callback, and that nothing depends on anybody recording one."""

import pytest
from opentelemetry import trace

from callbacks_app import tracing

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01"
LINK = "00-0af7651916cd43dd8448eb211c80319c-53995c3f42cd8ad8-01"
INVALID = [
    "",
    "x",
    PARENT.upper(),
    PARENT[:-1],
    PARENT + "-00",
    PARENT.replace("00-", "ff-", 1),
    f"00-{'0' * 32}{PARENT[35:]}",
    f"{PARENT[:36]}{'0' * 16}-01",
    "x" * 5000,
]


def only(exporter):
    (span,) = exporter.get_finished_spans()
    return span


def written(context):
    """Return a span context as a traceparent."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def test_an_operation_is_a_span_that_names_the_callback(exporter):
    with tracing.operation("Playbook", op_id="7"):
        pass

    span = only(exporter)
    assert span.name == "durable_operation"
    assert dict(span.attributes) == {"op.name": "Playbook", "op.type": "callback", "op.id": "7"}
    assert (span.parent, span.links) == (None, ())
    assert span.status.is_ok or span.status.is_unset


def test_an_operation_belongs_to_the_parent_and_links_to_the_link(exporter):
    with tracing.operation("Playbook", op_id="7", parent=PARENT, link=LINK):
        pass

    span = only(exporter)
    assert written(span.parent) == PARENT
    assert span.parent.is_remote
    assert span.context.trace_id == span.parent.trace_id
    assert [written(link.context) for link in span.links] == [LINK]


def test_a_parent_goes_before_the_current_span(exporter):
    with (
        tracing.operation("Outer", op_id="1"),
        tracing.operation("Inner", op_id="2", parent=PARENT),
    ):
        pass

    assert written(exporter.get_finished_spans()[0].parent) == PARENT


@pytest.mark.parametrize("invalid", INVALID, ids=range(len(INVALID)))
def test_without_a_valid_parent_an_operation_belongs_to_the_current_span(exporter, invalid):
    with tracing.operation("Outer", op_id="1"):
        outer = tracing.traceparent()
        with tracing.operation("Inner", op_id="2", parent=invalid, link=invalid):
            pass

    inner = exporter.get_finished_spans()[0]
    assert written(inner.parent) == outer
    assert not inner.links


def test_an_operation_is_the_current_span_until_it_is_left(exporter):
    assert tracing.traceparent() == ""

    with tracing.operation("Playbook", op_id="7", parent=PARENT) as entered:
        inside = tracing.traceparent()
        assert trace.get_current_span() is entered

    assert inside == written(only(exporter).context) != PARENT
    assert tracing.traceparent() == ""


def test_a_parent_that_is_not_sampled_is_passed_on_as_not_sampled(exporter):
    with tracing.operation("Playbook", op_id="7", parent=PARENT[:-2] + "00"):
        inside = tracing.traceparent()

    assert inside.endswith("-00")
    assert not exporter.get_finished_spans()


def test_an_error_is_recorded_and_goes_on_its_way(exporter):
    def fail():
        raise RuntimeError("no light")

    with pytest.raises(RuntimeError), tracing.operation("Playbook", op_id="7"):
        fail()

    span = only(exporter)
    assert not span.status.is_ok
    assert span.status.description == "RuntimeError: no light"
    assert [event.attributes["exception.message"] for event in span.events] == ["no light"]


# Without an SDK


def test_without_an_sdk_the_parent_is_passed_on_as_it_came():
    with tracing.operation("Playbook", op_id="7", parent=PARENT, link=LINK) as span:
        inside = tracing.traceparent()
        span.set_attribute("anything", 1)

    assert inside == PARENT
    assert not span.is_recording()
    assert tracing.traceparent() == ""


@pytest.mark.parametrize("invalid", INVALID, ids=range(len(INVALID)))
def test_without_an_sdk_and_a_valid_parent_there_is_nothing_to_pass_on(invalid):
    with tracing.operation("Playbook", op_id="7", parent=invalid, link=invalid):
        assert tracing.traceparent() == ""


def test_without_an_sdk_an_error_goes_on_its_way():
    def fail():
        raise RuntimeError("no light")

    with pytest.raises(RuntimeError), tracing.operation("Playbook", op_id="7", parent=PARENT):
        fail()

    assert tracing.traceparent() == ""
