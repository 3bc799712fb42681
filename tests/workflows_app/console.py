"""What the tests of the console share: users, and workflows with something to see."""

from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from workflows_app import State, forms, inputstep, step

SCRIPT = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


@step("Reserve VLAN")
def reserve() -> State:
    return {"vlan": 1001, "customer": f"SURF {SCRIPT}"}


@step("Move VLAN")
def move(vlan: int) -> State:
    return {"vlan": vlan + 1, "report": "line\n" * 100}


@step("Boom")
def boom() -> State:
    raise RuntimeError(f"no light {SCRIPT}")


@inputstep("Confirm results", assignee="NOC")
def confirm(vlan: int):
    class Page(forms.FormPage):
        remark: str
        seen: int = vlan

    answer = yield Page
    return answer.model_dump()


def signed_in(name: str, *permissions: str, superuser: bool = False) -> Client:
    """Return a browser in which a member of the staff with these permissions is signed in."""
    user = User.objects.create_user(name, is_staff=True, is_superuser=superuser)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def join(name: str, group: str) -> None:
    """Put the user into the group."""
    User.objects.get(username=name).groups.add(Group.objects.get_or_create(name=group)[0])


def cost(client: Client, address: str) -> int:
    """Return how many queries a page takes, once what is cached has been read."""
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def text(response) -> str:
    return str(response.content, "utf-8")


def field(response, name: str) -> str:
    """Return the value of a hidden field of the page."""
    return text(response).split(f'name="{name}" value="')[1].split('"')[0]
