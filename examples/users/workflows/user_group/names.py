"""What a group may be called."""

from functools import partial
from typing import Annotated

from pydantic import StringConstraints

from examples.users.names import require_free

GroupName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
require_free_group = partial(require_free, "UserGroupBlock", "group_name")
