"""A form with every kind of input, and one with every kind of text between them."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, EmailStr, Field, SecretStr, model_validator

from workflows_app import begin, inputstep, step, workflow
from workflows_app.forms import (
    Accept,
    AcceptItemType,
    Choice,
    ContactPerson,
    Divider,
    FormGenerator,
    FormPage,
    Hidden,
    Label,
    Layout,
    ListOfOne,
    ListOfTwo,
    LongText,
    SubmitFormPage,
    Timestamp,
    callout,
    choice_list,
    markdown,
    migration_summary,
    read_only_field,
    read_only_list,
    unique_conlist,
)
from workflows_app.pickers import CustomerId, SubscriptionId


class Speed(Choice):
    SLOW = "1G", "1 Gbit/s"
    FAST = "10G", "10 Gbit/s"


class City(Choice):
    AMS = "ams", "Amsterdam"
    UTR = "utr", "Utrecht"
    GRO = "gro", "Groningen"
    MST = "mst", "Maastricht"
    ENS = "ens", "Enschede"


class Level(Enum):
    LOW = 1
    HIGH = 2


Node = Choice.__call__("Node", {f"n{n}": (f"n{n}", f"Node {n:04} of the ring") for n in range(300)})
Many = Choice.__call__("Many", {f"v{n}": (f"v{n}", f"VLAN {1000 + n}") for n in range(60)})


class Port(BaseModel):
    name: str
    vlan: Annotated[int, Field(ge=2, le=4094, description="As on the router.")] = 100
    tagged: bool = True


class Steps(Accept):
    data = [
        ("Before you go on", AcceptItemType("label")),
        ("The customer knows", AcceptItemType("checkbox")),
        ("and so does the NOC", AcceptItemType(">checkbox")),
        ("Coffee", AcceptItemType("checkbox?")),
        ("https://example.org/", AcceptItemType("url")),
        ("Traffic stops for a minute", AcceptItemType("warning")),
        ("Rollback takes an hour", AcceptItemType("info")),
        ("Price", AcceptItemType("value"), {"amount": 3}),
    ]


SUMMARY = {
    "headers": ["Now", "Then"],
    "labels": ["VLAN", "Speed"],
    "columns": [["1001", "1 Gbit/s"], ["1002", "10 Gbit/s"]],
}
TEXT = """## A heading

A *text* with a [link](https://example.org/), `code` and

1. a list
2. of two

| VLAN | Speed |
|------|-------|
| 1001 | 1G    |

<script>alert(1)</script> ![picture](https://example.org/x.png)
"""


def every_input() -> FormGenerator:
    class Lines(FormPage):
        """What is typed on a line."""

        model_config = {"title": "Lines"}

        name: Annotated[str, Field(description="As the customer writes it.", max_length=40)]
        reference: str | None = None
        remark: LongText = LongText("")
        vlan: Annotated[int, Field(ge=2, le=4094), Layout(span=4)]
        bandwidth: Annotated[
            int, Field(ge=1, json_schema_extra={"unit": "Mbit/s"}), Layout(span=4)
        ] = 100
        price: Annotated[Decimal, Layout(span=4)] = Decimal("1.10")
        mail: EmailStr | None = None
        circuit: UUID | None = None
        address: IPv4Address | None = None
        day: date | None = None
        at: datetime | None = None
        hour: time | None = None
        moment: Timestamp | None = None
        lasts: timedelta | None = None
        password: SecretStr

    yield Lines

    class Chosen(FormPage):
        model_config = {"title": "Choices"}

        speed: Speed
        city: City = City.UTR
        level: Level = Level.LOW
        node: Node  # type: ignore[valid-type]
        cities: choice_list(City, min_items=1, max_items=2)  # type: ignore[valid-type]
        vlans: choice_list(Many)  # type: ignore[valid-type]
        loud: bool = False
        maybe: bool | None = None
        subscription: SubscriptionId
        others: list[SubscriptionId] = []
        customer: CustomerId
        done: Steps

    yield Chosen

    class Nested(SubmitFormPage):
        model_config = {"title": "Nested"}

        uplink: Port
        ports: Annotated[list[Port], Field(min_length=1, max_length=3)]
        spare: Port | None = None
        contacts: list[ContactPerson] = []
        one: ListOfOne[str]
        two: ListOfTwo[int]
        tags: unique_conlist(str, max_items=3) = []  # type: ignore[valid-type]
        notes: list[LongText] = []
        limits: dict[str, int] = {}

        @model_validator(mode="after")
        def check(self) -> Any:
            if self.uplink.name == "broken":
                raise ValueError("This port is broken.")
            return self

    yield Nested
    return {}


def every_text() -> type[FormPage]:
    class Texts(SubmitFormPage):
        model_config = {"title": "Texts"}

        label: Label = "A label of the author's"
        text: markdown(content=TEXT)  # type: ignore[valid-type]
        divider: Divider
        primary: callout(header="Primary", message="Something to know.")  # type: ignore[valid-type]
        success: callout(header="Success", message="It fits.", message_type="success")  # type: ignore[valid-type]
        warning: callout(header="Warning", message="It may hurt.", message_type="warning")  # type: ignore[valid-type]
        danger: callout(header="Danger", message="It hurts.", message_type="danger")  # type: ignore[valid-type]
        accent: callout(header="Accent", message="Look here.", message_type="accent")  # type: ignore[valid-type]
        summary: migration_summary(SUMMARY)  # type: ignore[valid-type]
        hidden: Hidden
        fixed: read_only_field("7f3a-fixed")  # type: ignore[valid-type]
        fixed_list: read_only_list(["a", "b"])  # type: ignore[valid-type]

    return Texts


@step("Keep")
def keep() -> None:
    pass


@inputstep("Confirm results", assignee="SYSTEM")
def confirm() -> FormGenerator:
    page = every_text()
    yield page
    return {}


@workflow("Show every input", initial_input_form=every_input)
def every_widget():
    """Show every input.

    It changes nothing.
    """
    return begin >> keep


@workflow("Show every text", initial_input_form=lambda: every_text())
def every_display():
    return begin >> keep


@workflow("Ask to confirm")
def ask():
    return begin >> confirm
