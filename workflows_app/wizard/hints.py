"""What stands under an input's label: the author's help, and what may be typed, in sentences."""

from django.utils.translation import gettext as _, ngettext

from workflows_app.wizard.schema import Property


def amount(prop: Property) -> str:
    """Return how many items a list takes, as a sentence; empty if any number will do."""
    fewest, most = prop.bounds
    facts = {"fewest": fewest, "most": most}
    if most is None:
        return _("At least %(fewest)d.") % facts if fewest else ""
    if fewest == most:
        return _("Exactly %(most)d.") % facts
    return _("%(fewest)d to %(most)d.") % facts if fewest else _("At most %(most)d.") % facts


def to_choose(prop: Property) -> str:
    """Return how many of the options are to be chosen, as a sentence."""
    fewest, most = prop.bounds
    facts = {"fewest": fewest, "most": most}
    if most is None:
        return _("Choose at least %(fewest)d.") % facts if fewest else ""
    if fewest == most:
        return ngettext("Choose %(most)d.", "Choose %(most)d.", most) % facts
    if fewest:
        return _("Choose %(fewest)d to %(most)d.") % facts
    return _("Choose at most %(most)d.") % facts


def join(*sentences: object) -> str:
    return " ".join(str(sentence) for sentence in sentences if sentence)
