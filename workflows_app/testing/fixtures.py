"""The pytest side: the functions as fixtures, and the timelines of a failed test's processes."""

from collections.abc import Callable, Generator

import pytest

from workflows_app.testing.runs import FormRun, Run, recent, resume, retry, run_form, run_workflow


@pytest.fixture(name="run_workflow")
def run_workflow_fixture(db: None) -> Callable[..., Run]:
    """Return ``workflows_app.testing.run_workflow``, with a database."""
    return run_workflow


@pytest.fixture(name="run_form")
def run_form_fixture(db: None) -> Callable[..., FormRun]:
    """Return ``workflows_app.testing.run_form``, with a database."""
    return run_form


@pytest.fixture(name="resume")
def resume_fixture(db: None) -> Callable[..., Run]:
    """Return ``workflows_app.testing.resume``."""
    return resume


@pytest.fixture(name="retry")
def retry_fixture(db: None) -> Callable[..., Run]:
    """Return ``workflows_app.testing.retry``."""
    return retry


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget the runs of the test before; this one's fixtures may start some."""
    recent.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the timelines of the processes of a failed test, but not those it has shown itself."""
    report = yield
    if call.when == "call" and report.failed:
        untold = [run for run in recent if not run.told]
        report.sections += [(f"Process {run.process.pk}", run.timeline) for run in untold]
    return report
