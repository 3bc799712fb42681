"""One act on many processes, and what happens at the same instant; forced on PostgreSQL."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from tests.engine import events, run
from tests.races import Other
from tests.workflows_app.console import boom
from workflows_app import begin, bulk, engine
from workflows_app.bulk import Wanted
from workflows_app.engine.loading import locked
from workflows_app.models import Process

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def test_an_act_that_is_sent_again_while_it_runs_is_done_once():
    maria = User.objects.create_superuser("maria")
    failed = run(begin >> boom)
    key, wanted = uuid.uuid4(), [Wanted(failed.pk, bulk.stamp(failed))]

    with transaction.atomic():
        locked(failed.pk)
        first = Other(lambda: bulk.once(key, maria, "retry", wanted))
        first.wait_until_locked_out()
        second = bulk.once(key, maria, "retry", wanted)
    act = first.ended()

    assert (second.pk, second.finished_at, second.results) == (act.pk, None, [])
    assert [result["done"] for result in act.results] == [True]
    assert [action for _, action in events(failed)].count("retried") == 1


def test_a_process_that_moves_on_while_the_act_waits_for_it_is_left_alone():
    maria = User.objects.create_superuser("maria")
    failed = run(begin >> boom)
    wanted = [Wanted(failed.pk, bulk.stamp(failed))]

    with transaction.atomic():
        locked(failed.pk)
        other = Other(lambda: list(bulk.each(maria, "abort", wanted)))
        other.wait_until_locked_out()
        engine.retry(failed.pk, by="piet")
    (result,) = other.ended()

    assert (result.done, result.code) == (False, "ChangedMeanwhile")
    assert "the process is resumed" in result.detail
    assert Process.objects.get().status == "resumed"
