"""The table of inputs in the workflow manual is what the console shows."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, EmailStr, Field, SecretStr, create_model

from tests.unit.rendered import render
from workflows_app import forms, pickers

pytestmark = pytest.mark.django_db

MANUAL = (Path(__file__).resolve().parents[2] / "docs/workflows.md").read_text()


def choice(count):
    return forms.Choice.__call__("Option", {f"o{number}": f"v{number}" for number in range(count)})


class Port(BaseModel):
    name: str


NAMES = {
    **{name: getattr(forms, name) for name in forms.__all__},
    **{name: getattr(pickers, name) for name in pickers.__all__},
    "Few": choice(4),
    "Some": choice(12),
    "Many": choice(13),
    "Port": Port,
    **{kind.__name__: kind for kind in (date, datetime, time, timedelta, Decimal, UUID)},
    "IPv4Address": IPv4Address,
    "EmailStr": EmailStr,
    "SecretStr": SecretStr,
    "Annotated": Annotated,
    "Literal": Literal,
    "Field": Field,
}
LOOKS = {
    "a line": '<input type="text"',
    "a line, checked when it is sent": "<input type=",
    "an area that grows": "<textarea",
    "an area, one on each line": "One per line.",
    "dots, never filled in again": 'type="password"',
    "a number, with its limits": 'type="number"',
    "a box to tick": '<div class="wf-field wf-tick ',
    "a menu of yes, no and neither": '<option value="Yes">',
    "the browser's own": ('type="date"', 'type="time"'),
    "date and time in the reader's time zone, which is named": "Time zone: UTC.",
    "up to 4 options: radio buttons": 'type="radio"',
    "up to 12 options: a menu": "<select",
    "more options: searched as one types": "data-picker",
    "boxes to tick": 'type="checkbox"',
    "searched as one types, several": "data-several",
    "a subscription, searched as one types": "data-picker",
    "a customer, searched as one types": "data-picker",
    "as many inputs": "Exactly ",
    "a model: its inputs in a frame": '<fieldset class="wf-group',
    "rows to add, remove and move": 'value="add page-value"',
    "a frame that can be added": 'value="add page-value"',
    "JSON": "As JSON.",
    "a checklist": "wf-checklist",
    "a value to read and copy": "data-copy",
    "text between inputs": ("wf-label", "wf-divider", "wf-callout", "wf-prose"),
    "a table": "<table",
}
TABLE = MANUAL.partition("| annotation | input |")[2].partition("\n\n")[0]
ROWS = re.findall(r"^\| (`.*`) \| (.*) \|$", TABLE, re.M)
CASES = [(code, look) for cell, look in ROWS for code in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize(("code", "look"), CASES, ids=[code for code, _look in CASES])
def test_an_annotation_gives_the_input_that_the_manual_names(code, look):
    annotation = eval(code.replace("\\|", "|"), dict(NAMES))
    default = {"DisplaySubscription": UUID(int=1), 'read_only_field("x")': "x"}.get(code, ...)
    shows = look in ("text between inputs", "a table")
    page = create_model(
        "Page", __base__=forms.FormPage, value=(annotation, None if shows else default)
    )

    html = render(page).html

    wanted = LOOKS[look]
    assert any(part in html for part in (wanted if isinstance(wanted, tuple) else (wanted,)))
    assert ("data-picker" in html) == ("searched" in look)


def test_the_table_is_not_empty():
    assert len(ROWS) == len(LOOKS)
