"""What an exception is made into before it is stored, and which status each outcome names."""

import json
from typing import Any, get_args

import pytest

from workflows_app.errors import ProcessFailureError
from workflows_app.outcomes import (
    LONGEST_REASON,
    LONGEST_TRACEBACK,
    Abort,
    AwaitCallback,
    Complete,
    ErrorRecord,
    Failure,
    Outcome,
    Success,
    Suspend,
    Wait,
)
from workflows_app.statuses import MOVES, ProcessStatus, StepStatus


def raised(error):
    with pytest.raises(type(error)) as caught:
        raise error
    return ErrorRecord.of(caught.value)


def recorded(error: Exception, **options: Any) -> ErrorRecord:
    with pytest.raises(type(error)) as caught:
        raise error
    return ErrorRecord.of(caught.value, **options)


def test_an_error_is_stored_with_its_class_its_words_and_its_traceback():
    record = raised(ValueError("no light"))

    assert (record.class_name, record.reason, record.details) == ("ValueError", "no light", None)
    assert "ValueError: no light" in record.traceback
    assert "in raised" in record.traceback


def test_an_error_without_words_is_called_by_its_class():
    assert raised(AssertionError()).reason == "AssertionError"


def test_the_author_s_details_are_kept_as_json():
    record = raised(ProcessFailureError("bad port", {"ports": {1}}))

    assert (record.reason, record.details) == ("bad port", {"ports": [1]})


def test_details_that_are_not_json_are_kept_as_text():
    record = raised(ProcessFailureError("bad", {"nan": float("nan"), "nul": "\0"}))

    assert isinstance(record.details, str)
    assert "nan" in record.details
    assert "\0" not in record.details


def test_a_reason_keeps_its_beginning_and_a_traceback_its_end():
    record = raised(ValueError("start" + "x" * 100_000 + "end"))

    assert len(record.reason) == LONGEST_REASON
    assert record.reason.startswith("start")
    assert len(record.traceback) == LONGEST_TRACEBACK
    assert record.traceback.rstrip().endswith("end")


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "\0\udfff"])
def test_what_a_database_refuses_is_replaced_in_an_error_s_words(text):
    record = raised(ProcessFailureError(text, text))

    for stored in (record.reason, record.traceback, record.details):
        assert "\0" not in stored
        assert stored.encode()  # No half surrogate pair.
    assert json.dumps(record.details)


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("not even words")


def test_an_error_that_cannot_be_put_into_words_is_stored_all_the_same():
    record = raised(Mute())

    assert record.class_name == "Mute"
    assert record.reason


def test_an_error_s_class_name_fits_its_column():
    endless = type("E" * 300, (Exception,), {})

    assert len(ErrorRecord.of(endless("no")).class_name) <= 200


def test_secrets_are_scrubbed_from_words_traceback_and_details():
    error = ProcessFailureError("POST /callback/s3cr3t failed", details={"s3cr3t": ["s3cr3t"]})

    record = recorded(error, scrub=lambda text: text.replace("s3cr3t", "[hidden]"))

    assert "s3cr3t" not in str(record)
    assert record.reason == "POST /callback/[hidden] failed"
    assert record.details == {"[hidden]": ["[hidden]"]}


@pytest.mark.parametrize("before", range(LONGEST_REASON - 8, LONGEST_REASON + 1))
def test_no_half_of_a_secret_stays_where_a_text_is_cut(before):
    error = ValueError("x" * before + "s3cr3t" + "y" * 9)

    record = recorded(error, scrub=lambda text: text.replace("s3cr3t", "[hidden]"))

    assert "s3" not in record.reason


def test_every_outcome_names_a_status_that_a_running_process_may_take():
    onward = {ProcessStatus.RUNNING, *MOVES[ProcessStatus.RUNNING]}

    for outcome in get_args(Outcome):
        assert outcome.process_status in onward or outcome is Failure
        assert outcome.step_status in StepStatus


def test_each_outcome_leads_to_its_own_status():
    failure = Failure(ErrorRecord("E", "no"))
    kinds: list[Any] = [Success, Suspend, AwaitCallback, Wait, Complete, Abort, failure]

    assert [kind.process_status for kind in kinds] == [
        "running",
        "suspended",
        "awaiting_callback",
        "waiting",
        "completed",
        "aborted",
        "failed",
    ]
