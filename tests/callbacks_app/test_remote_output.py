"""What a remote system printed, on the pages and as a file."""

import pytest
from django.test import Client

from callbacks_app.models import CallbackToken
from tests.callbacks_app.conftest import GOOD, ask, callback_of, confirm
from tests.engine import drain, run
from tests.workflows_app.console import ESCAPED, SCRIPT, signed_in, text
from workflows_app import State, begin, step
from workflows_app.console.terminal import MOST_LINES
from workflows_app.models import Process, ProcessStep

pytestmark = pytest.mark.django_db(transaction=True)

RED = f"\x1b[31m{SCRIPT}\x1b[0m"
SHOWN = f'<span class="ansi31">{ESCAPED}</span>'


@pytest.fixture
def looker() -> Client:
    return signed_in("looker", "view_process")


@pytest.fixture
def callback(remote) -> CallbackToken:
    return callback_of(run(begin >> ask(remote) >> confirm))


def page(callback: CallbackToken, part: str = "") -> str:
    return f"/admin/callbacks/{callback.public_id}/{part}"


def printing(output) -> Process:
    @step("Print")
    def prints() -> State:
        return {"printed": output}

    return run(begin >> prints)


@pytest.mark.parametrize("sent", [f"{RED}\nb", [RED, "b"], {"percent": 3, "lines": [RED, "b"]}])
def test_progress_is_a_terminal_on_both_pages(looker, remote, callback, sent):
    remote.post("/progress", sent)

    for address in (page(callback), page(callback, "live/"), callback.process.get_absolute_url()):
        shown = text(looker.get(address))
        assert SHOWN in shown, address
        assert SCRIPT not in shown
        assert page(callback, "output/") in shown


def test_plain_text_is_taken_as_it_is(looker, remote, callback):
    remote.post("/progress", raw=f"{RED}\r\nb\r\n", content_type="text/plain")

    file = looker.get(page(callback, "output/"))

    assert text(file) == f"{SCRIPT}\nb\n"
    assert file["Content-Type"] == "text/plain; charset=utf-8"
    assert file["X-Content-Type-Options"] == "nosniff"
    assert file["Content-Disposition"] == f'attachment; filename="{callback.public_id}.txt"'
    assert "Content-Disposition" not in looker.get(page(callback, "output/?inline=1"))


def test_a_page_says_how_much_is_missing_and_leads_to_all_of_it(looker, remote, callback):
    remote.post("/progress", {"lines": [f"line {n}" for n in range(MOST_LINES + 3)]})

    shown = text(looker.get(page(callback)))

    assert "3 earlier lines are not shown." in shown
    assert "line 2\n" not in shown
    assert "line 3\n" in shown
    assert "line 0\n" in text(looker.get(page(callback, "output/")))


def test_the_output_of_the_result_is_shown_after_the_answer(looker, remote, callback):
    assert looker.get(page(callback, "output/")).status_code == 404
    remote.post(body=GOOD | {"output": [RED, "b"]})

    assert SHOWN in text(looker.get(page(callback)))
    assert text(looker.get(page(callback, "output/"))) == f"{SCRIPT}\nb\n"


def test_a_token_that_a_playbook_prints_is_masked(looker, remote, callback):
    token = remote.routes[-1].rpartition("/")[2]

    remote.post("/progress", {"message": f"url {token}", "lines": ["a", f"url: {token}"]})

    row = CallbackToken.objects.get()
    assert token not in str(row.progress)
    assert "cbt1.[hidden]" in str(row.progress)
    for address in (page(callback), page(callback, "output/"), row.process.get_absolute_url()):
        assert token not in text(looker.get(address))


def test_a_value_of_the_state_is_a_terminal(looker):
    process = printing([RED, "b"])
    position = ProcessStep.objects.get(path="Print").position
    file = f"{process.get_absolute_url()}output/{position}/?key=printed"

    assert SHOWN in text(looker.get(process.get_absolute_url()))
    assert SHOWN in text(looker.get(f"{process.get_absolute_url()}?state={position}"))
    assert file in text(looker.get(process.get_absolute_url()))
    assert text(looker.get(file)) == f"{SCRIPT}\nb\n"


def test_the_details_of_a_failure_are_a_terminal(looker, remote, callback):
    remote.post(body=GOOD | {"return_code": 2, "output": [RED, "b"]})
    drain()
    process = callback.process
    file = f"{process.get_absolute_url()}output/{process.steps.get(status='failed').position}/"

    page = text(looker.get(process.get_absolute_url()))

    assert SHOWN in page.partition('class="wc-error"')[2]
    assert f'href="{file}"' in page
    assert "&quot;return_code&quot;: 2" in page
    assert text(looker.get(file)) == f"{SCRIPT}\nb\n"


@pytest.mark.parametrize("query", ["", "?key=other", "?key=%00", "?key=plain"])
def test_what_is_no_output_is_not_found(looker, query):
    address = printing(["plain"]).get_absolute_url()

    assert looker.get(f"{address}output/1/{query}").status_code == 404
    assert looker.get(f"{address}output/{10**30}/?key=printed").status_code == 404


def test_output_is_for_those_who_may_look(remote, callback):
    remote.post("/progress", ["a", "b"])
    stranger = signed_in("stranger")

    assert stranger.get(page(callback, "output/")).status_code == 403
    assert stranger.get(f"{callback.process.get_absolute_url()}output/0/").status_code == 403
