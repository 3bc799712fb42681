"""Write down what people may want to hear of, in the transaction that makes it so.

Who that is and how they are told is found later, elsewhere: ``models.notice``, Note [Told once
committed]. A process that goes from step to step costs nothing here, and one that stops nothing
but for those who want to hear of it: that is asked in the statement that stops it.
"""

from collections.abc import Mapping

from workflows_app.models import Notice, NoticeKind, Process
from workflows_app.statuses import FAILURES, FINAL, ProcessStatus

KINDS: Mapping[str, NoticeKind] = {
    ProcessStatus.SUSPENDED: NoticeKind.NEEDS_INPUT,
    **dict.fromkeys(FAILURES, NoticeKind.FAILED),
    **dict.fromkeys(FINAL, NoticeKind.FINISHED),
}
_WANTED = """EXISTS (
    SELECT 1 FROM workflows_app_noticechoice
    WHERE kind = '{kind}' AND (browser <> 'off' OR email <> 'off' OR webhook <> 'off')
)"""


def wanted(process: Process) -> str:
    """Return SQL that tells whether anybody wants to hear of the process's new status.

    Forms are for everybody who may answer them, until they choose otherwise.
    """
    kind = KINDS.get(process.status)
    if kind is None:
        return "FALSE"
    return "TRUE" if kind == NoticeKind.NEEDS_INPUT else _WANTED.format(kind=kind)


def announce(
    process: Process, *, position: int | None = None, step: str = "", by: str = ""
) -> None:
    """Write the notice of the process's new status, if it is one that people hear of."""
    kind = KINDS.get(process.status)
    if kind is not None:
        Notice.objects.create(
            process=process,
            kind=kind,
            status=process.status,
            position=position,
            step=step,
            assignee=process.assignee if kind == NoticeKind.NEEDS_INPUT else "",
            reason=process.failed_reason,
            by=by,
            at=process.modified_at,
        )
