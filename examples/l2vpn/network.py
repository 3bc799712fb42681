"""What the forms know of the example network."""

from typing import Annotated

from annotated_types import Ge, Le

from workflows_app.forms import Choice

Vlan = Annotated[int, Ge(1), Le(4094)]


class Node(Choice):
    """The nodes of the example network."""

    AMSTERDAM = "asd001a-jnx-01", "Amsterdam 1"
    UTRECHT = "ut002a-jnx-01", "Utrecht 2"
    GRONINGEN = "gn001a-jnx-01", "Groningen 1"
