"""Try again now what waits for its next try: a remote system was away and is back."""

from workflows_app import State, StepList, begin, engine, step, task
from workflows_app.errors import WrongStatus
from workflows_app.localized import marked
from workflows_app.models import Process
from workflows_app.statuses import ProcessStatus


@step(marked("Resume waiting processes"))
def resume_waiting(reporter: str) -> State:
    # Without a reason to have failed, it is a timer that waits, and that is not to be cut short.
    waiting = Process.objects.filter(status=ProcessStatus.WAITING).exclude(failed_reason="")
    resumed = [str(pk) for pk in waiting.values_list("pk", flat=True) if _resume(pk, reporter)]
    return {"resumed": len(resumed), "processes": resumed[:100]}


@task(marked("Resume waiting processes"))
def task_resume_workflows() -> StepList:
    return begin >> resume_waiting


def _resume(process_id: object, by: str) -> bool:
    try:
        engine.resume(process_id, by=by, reason="task_resume_workflows")  # type: ignore[arg-type]
    except WrongStatus:  # Its time came between our look and our call.
        return False
    return True
