"""Try workflows in tests: no server, no worker, no sleep.

``run_workflow`` starts a workflow and runs it, through the real queue and engine, in the test's
own thread until it parks or ends; ``resume`` answers its form or lets its timer end. What it led to
is a ``Run``, and the ``assert_…`` functions show all of it when they fail::

    def test_an_order_is_confirmed_and_completes(db):
        run = run_workflow("provision_circuit", {"customer": "SURF", "vlan": 7})
        assert_suspended(run, "Confirm")
        resume(run)
        assert_complete(run)

The functions need a database: ask for pytest-django's ``db``. They are a pytest plugin too: with
``pytest_plugins = ["workflows_app.testing"]`` in the topmost ``conftest.py`` they can be asked for
as fixtures that bring the database along, and whichever way a test fails, the report shows the
timelines of its processes. Callbacks are answered with ``callbacks_app.testing``.

PYTEST_DONT_REWRITE: nothing here is an ``assert``, and other plugins may import it first.
"""

from workflows_app.testing.assertions import (
    assert_aborted,
    assert_awaiting_callback,
    assert_complete,
    assert_failed,
    assert_step_failed,
    assert_step_skipped,
    assert_step_success,
    assert_suspended,
    assert_waiting,
)
from workflows_app.testing.fixtures import (
    pytest_runtest_makereport,
    pytest_runtest_setup,
    resume_fixture,
    retry_fixture,
    run_form_fixture,
    run_workflow_fixture,
)
from workflows_app.testing.runs import FormRun, Run, resume, retry, run_form, run_workflow

__all__ = [
    "FormRun",
    "Run",
    "assert_aborted",
    "assert_awaiting_callback",
    "assert_complete",
    "assert_failed",
    "assert_step_failed",
    "assert_step_skipped",
    "assert_step_success",
    "assert_suspended",
    "assert_waiting",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "resume",
    "resume_fixture",
    "retry",
    "retry_fixture",
    "run_form",
    "run_form_fixture",
    "run_workflow",
    "run_workflow_fixture",
]
