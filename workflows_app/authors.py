"""Where code of the workflows' authors is called outside of a step: their forms and predicates."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error as DatabaseError

from workflows_app.errors import AuthorsMistake, WorkflowError

logger = logging.getLogger(__name__)


@contextmanager
def authors_code(what: str) -> Iterator[None]:
    """Turn whatever comes out of the block into an error with a sentence for the user.

    Args:
        what: the subject of that sentence: "the form of provision_l2vpn".
    Raises:
        AuthorsMistake: the block raised something that is neither ours nor the database's.
    """
    try:
        yield
    except (WorkflowError, DatabaseError):
        raise
    except Exception as error:  # It is someone else's code: anything may come out.
        logger.exception("Author's code failed", extra={"what": what})
        raise AuthorsMistake(what, error) from error
