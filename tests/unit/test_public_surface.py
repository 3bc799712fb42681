"""The import paths that authors rely on. A change here is a change of everybody's code."""

import subprocess
import sys
from importlib import import_module

import pytest

import workflows_app

# fmt: off
WORDS = [
    "State", "StepList", "Step", "begin", "init", "done", "abort", "step", "retrystep",
    "inputstep", "step_group", "conditional", "focussteps", "steplens", "sleep_step", "Retry",
    "RetryAfter", "workflow", "task", "LazyWorkflowInstance", "Target", "Assignee",
]
# fmt: on

ELSEWHERE = {
    "workflows_app.forms": """
        FormPage SubmitFormPage Choice choice_list LongText Label Divider read_only_field Accept
        MigrationSummary migration_summary
    """,
    "workflows_app.errors": "ProcessFailureError ApiUnavailable InconsistentData WorkflowError",
    "workflows_app.engine": """
        start advance submit deliver retry resume skip edit_state abort delete set_note pause
        unpause
    """,
    "workflows_app.pickers": "CustomerId SubscriptionId subscription_id",
    "workflows_app.queue": "claim renew wake next_due Claim",
    "workflows_app.registry": "workflow task get names definitions LazyWorkflowInstance",
    "workflows_app.testing": """
        run_workflow run_form resume retry Run assert_complete assert_suspended
        assert_awaiting_callback assert_waiting assert_failed assert_aborted assert_step_success
        assert_step_failed assert_step_skipped
    """,
    "workflows_app.domain": """
        SUBSCRIPTION_MODEL_REGISTRY ProductBlockModel ProductModel SubscriptionModel
        SubscriptionLifecycle ProductLifecycle
    """,
    "workflows_app.subscriptions": """
        create_workflow modify_workflow terminate_workflow validate_workflow reconcile_workflow
        set_status store_process_subscription unsync unsync_unchecked resync
        ensure_provisioning_status wrap_create_initial_input_form wrap_modify_initial_input_form
    """,
    "workflows_app.migration_helpers": """
        create_workflow create_workflows create_task delete_workflow create_products
        create_product_blocks create_fixed_inputs ensure_default_workflows
    """,
    "callbacks_app.steps": """
        callback_step wait_for_callback create_callback callback_result callback_map
        confirm_callback http_step async_noop CallbackHandle CallbackOptions SITE_DEFAULT
    """,
    "callbacks_app.testing": "complete_callback fail_callback report_progress expire_callback",
}


def test_the_package_exports_exactly_the_words_of_the_language():
    assert sorted(workflows_app.__all__) == sorted(WORDS)
    assert all(hasattr(workflows_app, word) for word in WORDS)


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in ELSEWHERE.items() for name in names.split()],
)
def test_the_other_words_are_where_they_are_promised(module, name):
    assert hasattr(import_module(module), name)


def test_the_words_can_be_imported_without_settings_or_a_database():
    program = "import workflows_app; workflows_app.begin >> workflows_app.init"

    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr


def test_steps_are_typed_so_that_an_editor_knows_them():
    assert workflows_app.Step.__annotations__
    assert workflows_app.step.__annotations__["return"]
