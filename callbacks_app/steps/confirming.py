"""The ready-made step in which an operator looks at what came back and confirms it."""

import json

from pydantic import ConfigDict, create_model

from workflows_app.dsl import State, Step, inputstep
from workflows_app.forms import FormGenerator, LongText, SubmitFormPage, read_only_field
from workflows_app.json_values import JSON
from workflows_app.localized import marked
from workflows_app.statuses import Assignee

LABELS = (marked("Run status"), marked("Run results"))  # As a form makes them of the names.


def confirm_callback(
    name: str = marked("Confirm results"),
    assignee: str = Assignee.SYSTEM,
    *,
    result_key: str = "callback_result",
    title: str = "",
) -> Step:
    """Show an operator the result of a callback, and go on when it is confirmed.

    Without a result in the state nobody is asked. The state is not changed.

    Args:
        assignee: the group whose members may confirm.
        title: of the page; the step's name if it is not given.
    """

    @inputstep(name, assignee)
    def confirm(state: State) -> FormGenerator:
        if result_key in state:
            yield _page(state[result_key], title=title or name)
        return {}

    return confirm


def _page(result: JSON, *, title: str) -> type[SubmitFormPage]:
    """Return the page: the status if the result names one, and all of it as JSON."""
    shown = json.dumps(result, indent=4, ensure_ascii=False)
    fields = {"run_results": (read_only_field(shown, LongText), shown)}
    if isinstance(result, dict) and "status" in result:
        status = str(result["status"])
        fields = {"run_status": (read_only_field(status), status)} | fields
    page = type("ConfirmPage", (SubmitFormPage,), {"model_config": ConfigDict(title=title)})
    return create_model("ConfirmRunPage", __base__=page, **fields)  # type: ignore[call-overload,no-any-return]
