"""What has been answered of a form so far, as it travels with the page, and is kept nowhere else.

It is sealed, because a page may have asked for a password, and signed for its form. What opens is
remembered, never trusted: the form is walked again.
"""

from dataclasses import asdict, dataclass, field
from datetime import timedelta

from django.core import signing
from django.utils.translation import gettext as _

from workflows_app.errors import SealBroken
from workflows_app.forms import FormError, State
from workflows_app.sealing import seal, unseal


class PagesRefused(FormError):
    """The answers to the earlier pages are not the ones that this form was given."""


class PagesExpired(PagesRefused):
    """The form was open for too long."""


class FormChanged(PagesRefused):
    """The form has other pages now than when it was opened."""


@dataclass(frozen=True)
class Draft:
    """The inputs of the pages before the one shown, and of those after it, nearest first.

    Attributes:
        given: what fills in a page that nobody has answered yet, by the names of its inputs.
        reviewed: whether the whole form has been looked through already: then the page that is
            changed leads back there as soon as all pages fit.
    """

    before: list[State] = field(default_factory=list)
    after: list[State] = field(default_factory=list)
    given: State = field(default_factory=dict)
    reviewed: bool = False


class Envelope:
    """Closes and opens drafts for one purpose.

    Args:
        key: what the form is for, down to the attempt and the user: a draft opens for no other.
        max_age: how long a draft may be open.
    """

    def __init__(self, key: str, max_age: timedelta) -> None:
        self.salt = f"{__name__}:{key}"
        self.max_age = max_age

    def close(self, draft: Draft) -> str:
        """Return the draft as text for a hidden field."""
        return seal(signing.dumps(asdict(draft), salt=self.salt, compress=True))

    def open(self, text: str) -> Draft:
        """Return the draft in the text; an empty one has none.

        Raises:
            PagesRefused, PagesExpired: it does not open.
        """
        if not text:
            return Draft()
        try:
            return Draft(**signing.loads(unseal(text), salt=self.salt, max_age=self.max_age))
        except signing.SignatureExpired as error:
            raise PagesExpired(_("This form was open for too long. Start again.")) from error
        except (SealBroken, signing.BadSignature) as error:
            raise PagesRefused(
                _("The earlier pages belong to another form. Start again.")
            ) from error
