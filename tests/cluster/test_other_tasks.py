"""The pool also serves what others give to django-q2."""

from pathlib import Path

import pytest
from django_q.models import OrmQ
from django_q.tasks import async_task

from tests.cluster.processes import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]


def test_a_task_of_somebody_else_runs_once_and_is_gone(worker, tmp_path):
    file = tmp_path / "marks"
    options = {"save": False}
    async_task("tests.cluster.lab.workflows.mark", str(tmp_path), "other", q_options=options)

    until(file.exists, "the task runs")

    until(lambda: not OrmQ.objects.exists(), "its message is deleted")
    assert Path(file).read_text() == "other\n"


def test_a_task_that_fails_is_not_repeated(worker, lab, tmp_path):
    async_task("tests.cluster.lab.workflows.mark", str(tmp_path / "nowhere"), "x")

    until(lambda: not OrmQ.objects.exists(), "its message is deleted")

    process = lab("lab_count")
    until(lambda: type(process).objects.filter(status="completed").exists(), "the pool works on")
