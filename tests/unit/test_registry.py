"""Workflows by name: registered by the decorator, or lazily by their address."""

import sys
from types import ModuleType

import pytest

from workflows_app import LazyWorkflowInstance, State, Target, begin, registry, step, task, workflow
from workflows_app.definition import WorkflowDefinition
from workflows_app.errors import DuplicateWorkflow, NotAStep, UnknownWorkflow


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch):
    """Let each test begin with an empty registry."""
    workflows: dict[str, object] = {}
    monkeypatch.setattr(registry, "_workflows", workflows)
    return workflows


@step("A")
def a() -> State:
    return {}


@pytest.fixture
def authored(monkeypatch: pytest.MonkeyPatch):
    """Return a function that makes a module of an author's, not yet imported."""

    def make(name: str, **contents: object) -> str:
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
        return name

    return make


def test_the_decorator_alone_registers_under_the_function_s_name():
    @workflow("Order a port", target=Target.CREATE)
    def order_port():
        return begin >> a

    assert isinstance(order_port, WorkflowDefinition)
    assert registry.get("order_port") is order_port
    assert (order_port.description, order_port.target) == ("Order a port", "CREATE")
    assert order_port.is_task is False


def test_the_first_line_of_the_docstring_describes_a_workflow_without_a_description():
    @workflow()
    def order_port():
        """Order a port.

        And wait.
        """
        return a

    @workflow()
    def cancel_port():
        return a

    assert (order_port.description, cancel_port.description) == ("Order a port.", "cancel_port")


def test_a_task_is_a_workflow_that_is_marked_as_one():
    @task("Look around", target=Target.VALIDATE)
    def look():
        return a

    assert (look.is_task, look.target) == (True, "VALIDATE")


def test_a_workflow_must_return_steps():
    with pytest.raises(NotAStep):

        @workflow()
        def wrong():
            return [a]


def test_two_modules_cannot_define_the_same_name(authored):
    @workflow()
    def order_port():
        return a

    with pytest.raises(DuplicateWorkflow, match=f"{__name__} and again by elsewhere"):
        LazyWorkflowInstance(authored("elsewhere"), "order_port")


def test_a_module_may_be_imported_again():
    for _ in range(2):

        @workflow()
        def order_port():
            return a

    assert registry.get("order_port") is order_port


def test_a_lazy_workflow_is_listed_before_it_is_imported(registered):
    LazyWorkflowInstance("no.such.module", "order_port")

    assert registry.names() == ["order_port"]
    assert isinstance(registered["order_port"], LazyWorkflowInstance)


def test_a_lazy_workflow_is_imported_at_its_first_use_only(authored, registered):
    definition = workflow()(order_port)
    registered.clear()
    LazyWorkflowInstance(authored("ports", order_port=definition), "order_port")

    assert registry.get("order_port") is definition
    assert registered["order_port"] is definition


def order_port():
    return begin >> a


@pytest.mark.parametrize(
    ("package", "why"),
    [("no.such.module", "No module named 'no'"), ("ports", "order_port"), ("odd", "not as a wo")],
)
def test_a_lazy_workflow_that_is_not_there_says_why(authored, package, why):
    authored("ports")
    authored("odd", order_port=order_port)
    LazyWorkflowInstance(package, "order_port")

    with pytest.raises(UnknownWorkflow, match=f"there is no workflow 'order_port'.*{why}"):
        registry.get("order_port")


def test_an_unknown_name_is_refused():
    with pytest.raises(UnknownWorkflow, match="there is no workflow 'nothing'"):
        registry.get("nothing")


def test_all_definitions_come_sorted_by_name():
    for name in ("b", "c", "a"):

        def chain():
            return a

        chain.__name__ = name
        workflow()(chain)

    assert list(registry.definitions()) == registry.names() == ["a", "b", "c"]
